"""A user's folder of sounds: LABEL/NAME.wav, with or without annotations beside them.

An annotation LABEL/NAME.txt or NAME.csv has a line for each event: when it begins and ends in
seconds and, where it is not LABEL, its label, with tabs, commas or blanks between them; Audacity
writes its labels so. A first line without numbers is a header. What lies between the events of an
annotated file is `unknown`.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from slipway.domain.errors import InvalidDataset
from slipway_components.folder import appearing
from slipway_components.progress import say, track
from slipway_components.signals.doors.scene import LABELS, UNKNOWN, scene
from slipway_components.signals.doors.shaping import RATE
from slipway_components.signals.recordings import Recording
from slipway_components.signals.sounds_cutting import (
    AXES,
    WINDOW,
    Segment,
    clipped,
    cut,
    trimmed,
)
from slipway_features.reading import read
from slipway_features.wav import write_wav

ANNOTATIONS: Final = (".txt", ".csv")
OVERDRIVEN: Final = 0.001  # share of clipped samples that is worth a word


def load(source: Path) -> Iterator[Recording]:
    """The recordings in `source`, cut where they are annotated; without annotation an event's
    recording is trimmed to what stands out of its background.

    Raises InvalidDataset naming the file that is no WAV of 16 bits, one channel and 16 kHz, is
    shorter than a window, or whose annotation is none. Clipped recordings are counted.
    """
    overdriven = []
    for label, file, annotation in _files(source):
        recording = _read(label, file)
        if clipped(recording.values) > OVERDRIVEN:
            overdriven.append(file.relative_to(source))
        if annotation:
            yield from cut(recording, _segments(annotation, recording))
        else:
            yield recording if label == UNKNOWN else trimmed(recording)
    if overdriven:
        more = f" and {len(overdriven) - 1} more" if len(overdriven) > 1 else ""
        say(f"sounds: clipped: {overdriven[0]}{more}")


def made_up(
    seed: int, recordings: int, *, unseen: bool = False
) -> Iterator[tuple[Recording, list[Segment]]]:
    """So many scenes of each label with their annotations, none for `unknown`; `unseen`: in rooms
    and before backgrounds that the others never have."""
    for index, label in enumerate(LABELS):
        for number in range(recordings):
            made = scene(np.random.default_rng([seed, index, number]), label, unseen=unseen)
            values = made.samples[:, np.newaxis]
            segments = [Segment(*stretch, label) for stretch in made.audible]
            recording = Recording(label, f"scene-{number:04}", values, float(RATE), AXES)
            yield recording, [] if label == UNKNOWN else segments


def make_up(output: Path, *, recordings: int, seed: int, unseen: bool) -> None:
    """Write made-up recordings to the new folder `output`, as `load` reads them."""
    with appearing(output) as folder:
        scenes = made_up(seed, recordings, unseen=unseen)
        total = recordings * len(LABELS)
        for recording, segments in track(scenes, "sounds", total=total, unit="recording"):
            file = folder / recording.label / f"{recording.name}.wav"
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(write_wav(recording.values, RATE))
            lines = [f"{s.start / RATE:.6f}\t{s.end / RATE:.6f}\t{s.label}\n" for s in segments]
            if lines:
                file.with_suffix(".txt").write_text("".join(lines))


def _files(source: Path) -> Iterator[tuple[str, Path, Path | None]]:
    """Label, WAV file and annotation of each recording."""
    for folder in _visible(source):
        if not folder.is_dir():
            raise InvalidDataset(
                f"{folder} lies outside a label's folder", hint="Move it into a folder LABEL/"
            )
        files = _visible(folder)
        sounds = {file.stem: file for file in files if file.suffix.lower() == ".wav"}
        notes: dict[str, Path] = {}
        for file in files:
            if file.suffix.lower() in ANNOTATIONS and file.stem in sounds:
                if file.stem in notes:
                    raise InvalidDataset(
                        f"{file} and {notes[file.stem].name} annotate the same recording",
                        hint="Remove one of them",
                    )
                notes[file.stem] = file
            elif file.suffix.lower() != ".wav":
                raise InvalidDataset(
                    f"{file} is neither a WAV file nor the annotation of one",
                    hint="Convert or remove it",
                )
        if not sounds:
            raise InvalidDataset(
                f"label {folder.name!r} in {source} is empty",
                hint="Put recordings in or remove the folder",
            )
        for stem, file in sounds.items():
            yield folder.name, file, notes.get(stem)


def _read(label: str, file: Path) -> Recording:
    try:
        reading = read(file.read_bytes(), AXES, "wav")
    except (OSError, ValueError) as error:
        raise InvalidDataset(
            f"{file}: {error}", hint="Convert it to WAV with 16 bits, one channel and 16 kHz"
        ) from error
    if abs(reading.rate - RATE) > RATE / 100:
        raise InvalidDataset(
            f"{file} has {reading.rate:g} samples a second, not {RATE}",
            hint=f"Convert it, for example: sox IN.wav -c 1 -b 16 -r {RATE} OUT.wav",
        )
    if len(reading.values) < WINDOW:
        raise InvalidDataset(
            f"{file} has {len(reading.values)} samples, a window takes {WINDOW}",
            hint="Remove it, or record a little before and after the event",
        )
    return Recording(label, file.stem, reading.values, float(RATE), AXES)


def _segments(annotation: Path, recording: Recording) -> list[Segment]:
    try:
        lines = annotation.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise _no_annotation(annotation, str(error)) from error
    segments = []
    for number, line in enumerate(lines, 1):
        fields = [field for field in re.split(r"[\t,; ]+", line.strip()) if field]
        if not fields:
            continue
        try:
            start, end = float(fields[0]), float(fields[1])
        except (ValueError, IndexError) as error:
            if number == 1:
                continue  # a header
            raise _no_annotation(annotation, f"line {number} is {line!r}") from error
        if not 0 <= start < end <= len(recording.values) / RATE + 0.1:
            raise _no_annotation(
                annotation, f"line {number} is {line!r}, of {len(recording.values) / RATE:g} s"
            )
        label = fields[2] if len(fields) > 2 else recording.label
        segments.append(Segment(round(start * RATE), round(end * RATE), label))
    if not segments:
        raise _no_annotation(annotation, "it names no event")
    return segments


def _no_annotation(file: Path, why: str) -> InvalidDataset:
    return InvalidDataset(
        f"{file}: {why}", hint="Give lines of START END [LABEL] in seconds, or remove the file"
    )


def _visible(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
