"""Write a comparison as one page that reads offline: the question, the policies, the answer, the making."""

import re
from collections import Counter
from functools import cache
from importlib.resources import files
from string import Template

from abm.analysis import wording
from abm.analysis.differences import Setting
from abm.analysis.figures import key_sample
from abm.analysis.findings import break_even_section, courses_section, effects_section, emergence_section
from abm.analysis.markup import definitions, note, paragraph, policy_heads, row, row_head, section, table
from abm.analysis.story import Story
from abm.core.part import Measure
from abm.submodels.quantities import parameters
from abm.texts import escape

BOUND = re.compile(r"\d+ of \d+ runs|years? \d+|\d+ years?")
TITLE = "Does integrated care emerge?"


def report(story: Story) -> str:
    """Return the page: HTML with its styles and drawings inside, and no address of anything outside.

    Parameters
    ----------
    story : Story
        What to tell.
    """
    sections = (
        _opening(story),
        _differences_section(story),
        emergence_section(story),
        effects_section(story),
        courses_section(story),
        break_even_section(story),
        _reading_section(),
        _definitions_section(story),
        _provenance_section(story),
    )
    return Template(_resource("report.html")).substitute(
        title=escape(f"{TITLE} {story.place}"),
        generator=escape(f"abm {story.manifest['code']['version']}"),
        style=_resource("report.css"),
        content="\n".join(sections),
    )


@cache
def _resource(name: str) -> str:
    return (files("abm.analysis") / "page" / name).read_text(encoding="utf-8")


def _opening(story: Story) -> str:
    comparison, labels = story.comparison, story.labels
    strong = {name: f"<strong>{escape(label)}</strong>" for name, label in labels.items()}
    emphasised = {name: f"<em>{escape(label)}</em>" for name, label in labels.items()}
    horizon = wording.span(comparison.months[-1])
    where = f"{escape(story.place)} over {horizon}"
    reference, *others = (strong[name] for name in comparison.scenarios)
    question = f"What happens in {where} under {reference}?"
    if others:
        question = (
            f"What changes in {where} if, instead of {reference}, policy is {wording.listed(others, 'or')}?"
        )
    policies = "".join(
        f"<li>{key_sample(index)}{strong[scenario.name]} "
        f'<span class="said"><code>{escape(scenario.name)}</code>{", the reference" if index == 0 else ""}. '
        f"{escape(scenario.description)}</span></li>"
        for index, scenario in enumerate(story.scenarios)
    )
    return f"""<header>
<p class="kicker">{escape(story.place)}, {horizon}, {comparison.replicates} paired replicates</p>
<h1>{TITLE}</h1>
<p class="question">{question}</p>
<p class="finding">{_kept_together(wording.finding(comparison, emphasised))}</p>
<ul class="policies measure">{policies}</ul>
</header>"""


def _differences_section(story: Story) -> str:
    title = "What differs between the policies"
    if not story.levers and not story.others:
        return section(
            title, paragraph("Nothing that can change a result: they are the same in all but name.")
        )
    rows = [
        row(row_head(line.lever.label, line.lever.unit), *map(_setting_cell, line.settings))
        for line in story.levers
    ]
    rows += [
        row(row_head(other.label), *(f"<td>{escape(value)}</td>" for value in other.values))
        for other in story.others
    ]
    return section(
        title,
        paragraph("Everything else is the same, including the accidents of fate of each replicate."),
        table(policy_heads(story, "Lever"), rows),
        note(
            "A lever's dose is the area between its course and its default over the horizon, in its unit "
            "times years."
        ),
    )


def _setting_cell(setting: Setting) -> str:
    dose = wording.amount(setting.dose)
    return f'<td>{_kept_together(escape(setting.course))}<span class="unit">dose {dose}</span></td>'


def _kept_together(text: str) -> str:
    """Prevent line breaks between a number and the word that it belongs to."""
    return BOUND.sub(lambda found: found.group().replace(" ", "&nbsp;"), text)


def _reading_section() -> str:
    every = parameters().values()
    tuned = [parameter for parameter in every if parameter.tuned]
    items = "".join(
        f"<li>{escape(parameter.label)} <code>{escape(parameter.name)}</code></li>" for parameter in tuned
    )
    return section(
        "How to read this",
        paragraph(
            "The intervals say how much of a difference is chance among the runs of this model; more replicates "
            "make them narrower. They do not say how well the model describes the world."
        ),
        paragraph(
            f"{len(tuned)} of {len(every)} parameters were chosen so that the model shows what it was calibrated "
            "to: years of sustained effort before integrated care emerges, and levers that work together where "
            "none works alone. That a comparison shows these patterns is therefore no independent evidence for "
            "them."
        ),
        f'<details><summary>The calibrated parameters</summary><ul class="note">{items}</ul></details>',
    )


def _definitions_section(story: Story) -> str:
    entries = [
        (measure.label, f"{escape(measure.definition)}. {_named(measure)}")
        for measure in story.comparison.measures
    ]
    return section("What the measures mean", definitions(entries))


def _named(measure: Measure) -> str:
    unit, name = escape(measure.unit), escape(measure.name)
    return f'<span class="note">{unit}, <code>{name}</code></span>'


def _failed_entry(story: Story) -> list[tuple[str, str]]:
    counted = Counter(story.failures).most_common()
    return (
        [("Failed", "; ".join(f"{count:,} with '{reason}'" for reason, count in counted))] if counted else []
    )


def _provenance_section(story: Story) -> str:
    manifest = story.manifest
    code, design, runs = manifest["code"], manifest["design"], manifest["runs"]
    commit = f"{code['commit'] or 'not from a repository'}{', edited since' if code['dirty'] else ''}"
    packages = ", ".join(f"{name} {version}" for name, version in manifest["packages"].items())
    entries = [
        ("Model", f"abm {code['version']}"),
        ("Commit", commit),
        ("Sources", f"SHA-256 {code['source_sha256']}"),
        ("Seed", f"{design['seed']}, replicates 0 to {design['replicates'] - 1}"),
        ("Draws", manifest["draws"]["generator"]),
        ("Runs", f"{runs['done']:,} simulated, {runs['failed']:,} failed"),
        *_failed_entry(story),
        ("Design", f"SHA-256 {manifest['design_sha256']}"),
        ("Manifest", f"SHA-256 {manifest['manifest_sha256']}"),
        ("Python", f"{manifest['python']}; {packages}"),
        ("Made", manifest["invocation"]["created"]),
    ]
    made = section(
        "How it was made",
        paragraph("The same command gives the same numbers with any number of workers."),
        f"<pre>{escape(manifest['invocation']['command'])}</pre>",
        definitions([(term, escape(str(said))) for term, said in entries]),
    )
    return f"""{made}
<footer class="note">Beside this page: <code>runs.parquet</code> (a row for each run),
<code>months.parquet</code> (month 0 to the last of each run) and <code>manifest.json</code> (everything it
takes to make them again).</footer>"""
