"""A pipeline with all that a graph can have: branches, a loop, what is done at the end, another
pipeline within."""

from kfp import dsl


@dsl.component(base_image="tiny", install_kfp_package=False)
def say(text: str) -> str:
    """Say it."""
    print(text)
    return text


@dsl.component(base_image="tiny", install_kfp_package=False)
def mumble(text: str) -> None:
    """Say it in a low voice."""
    print(text.lower())


@dsl.component(base_image="tiny", install_kfp_package=False)
def count(number: str) -> None:
    """Refuse 13, say others."""
    if number == "13":
        raise ValueError("13 brings bad luck")
    print(number)


@dsl.component(base_image="tiny", install_kfp_package=False)
def tidy(status: dsl.PipelineTaskFinalStatus) -> None:
    """What is done at the end."""
    print("the end")


@dsl.pipeline(name="inner")
def inner(text: str) -> None:
    """A task in a pipeline in a pipeline."""
    mumble(text=text)


@dsl.pipeline(name="branching")
def branching(which: str = "left", numbers: list[str] = ["1", "2", "3"]) -> None:  # noqa: B006  see tiny
    """One way or the other, then in circles.

    Args:
        which: left, or another way.
    """
    with dsl.ExitHandler(tidy()):
        first = say(text=which)
        with dsl.If(first.output == "left"):
            say(text="to the left")
        with dsl.Else():
            inner(text="elsewhere")
        with dsl.ParallelFor(numbers) as number:
            count(number=number).after(first)
