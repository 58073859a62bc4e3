"""YAML as two readers cannot read it differently: what the agent checked is what the kubelet runs.

PyYAML's safe loader without aliases (a few hundred bytes of them unfold to gigabytes), without
merge keys, without a key given twice (one reader takes the first, another the last) and with one
document. The loader in Python and not the one in C: the latter ends the process when lists are
nested some ten thousand deep.
"""

from collections.abc import Hashable

import yaml

_MERGE = "tag:yaml.org,2002:merge"


class _StrictLoader(yaml.SafeLoader):
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not taken")
        return super().compose_node(parent, index)

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Hashable, object]:
        if any(key.tag == _MERGE for key, _ in node.value):
            raise yaml.YAMLError("merge keys are not taken")
        mapping: dict[Hashable, object] = super().construct_mapping(node, deep=deep)
        if len(mapping) != len(node.value):
            keys = [str(key.value) for key, _ in node.value]
            twice = next((key for key in keys if keys.count(key) > 1), keys[0])
            raise yaml.YAMLError(f"{twice[:80]!r} is given twice")
        return mapping


def load(text: str) -> object:
    """Read one document; ValueError says in one line what is wrong with it."""
    try:
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506  a safe loader, made stricter
    except yaml.MarkedYAMLError as error:
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ValueError(f"{error.problem or error.context}{line}") from error
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else str(error)
        raise ValueError(reason.partition("\n")[0]) from error
