"""
The commands: the only place that prints, and the only one that ends with an exit code.

    run     0 all gates pass · 1 some fail · 3 none fails but some stay open · 2 could not run
    gates   the same, of a run made before
    measure 0 validated · 1 refuted · 3 under audit · 2 could not measure
    audit   0 validated · 1 refuted · 3 under audit · 2 unreadable
    merge   0 merged · 2 unreadable
    compare 0 equivalent or better · 1 worse, or different · 3 cannot be told · 2 not comparable
    verify  0 authentic · 1 not · 2 unreadable
    doctor  0 fit · 1 unfit · 3 careful · 2 could not look

Control-C ends with 130, as a shell expects, and leaves no half-written file.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import json
import math
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bizra_lab.errors import COULD_NOT_RUN, LabError, SettingsError, one_line
from bizra_lab.settings import parse_yaml
from bizra_lab.units import printable

if TYPE_CHECKING:
    from bizra_lab.evidence.audit_document import AuditedSource
    from bizra_lab.model import Audit, Claim
    from bizra_lab.suite.execute import JobEvent
    from bizra_lab.suite.history import Names
    from bizra_lab.suite.verdicts import RunVerdicts

LEDGER = "ledger"  # in place of a run: all that were sealed

INTERRUPTED = 128 + signal.SIGINT

TRUST_EXIT = {"validated": 0, "refuted": 1, "under_audit": 3}
COMPARE_EXIT = {"equivalent": 0, "better": 0, "different": 1, "worse": 1, "open": 3}
NOT_AUTHENTIC = 1
FITNESS_EXIT = {"fit": 0, "unfit": 1, "careful": 3, "unknown": COULD_NOT_RUN}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; what the lab refuses becomes one line on stderr."""
    arguments = _arguments(argv)
    command: Callable[[argparse.Namespace], int] = arguments.command
    try:
        code = command(arguments)
        sys.stdout.flush()
        return code
    except LabError as error:
        return _refuse(one_line(error))
    except KeyboardInterrupt:
        _say("interrupted; nothing half-written is left")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _refuse(f"{error.filename or 'this machine'}: {error.strerror or one_line(error)}")


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """What was typed; words nobody knows are an error, but for `lab`, which passes them on."""
    parser = _parser()
    arguments, rest = parser.parse_known_args(argv)
    if rest and arguments.command is not _lab:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    arguments.rest = rest
    return arguments


def _refuse(sentence: str) -> int:
    _say(sentence)
    return COULD_NOT_RUN


def _say(sentence: str) -> None:
    print(f"bizra-lab: {sentence}", file=sys.stderr, flush=True)


def _print_json(document: Any) -> None:
    print(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bizra-lab", description="Measures honestly, asks whether a figure may be believed, and leaves evidence."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="execute notebooks: measure, audit, judge, record")
    run.add_argument("studies", nargs="*", metavar="STUDY", help="stems of studies; all of them when none is named")
    run.add_argument("--profile", default="smoke", help="replay, smoke, standard or audit (default: smoke)")
    run.add_argument("--params", metavar="FILE", help="a params file in place of the study's own (for one study)")
    run.add_argument("-p", dest="overrides", action="append", default=[], metavar="KEY=VALUE", help="replace a setting")
    run.add_argument("--jobs", type=_jobs, default=2, metavar="N", help="worker processes (default: 2)")
    run.add_argument("--resume", metavar="RUN", help="go on with a run that was ended: its id, or `latest`")
    run.set_defaults(command=_run)

    measure = commands.add_parser(
        "measure", help="measure a function of yours, and ask whether the figures may be believed"
    )
    _add_measure_options(measure)
    measure.set_defaults(command=_measure)

    audit = commands.add_parser("audit", help="may this measurement be believed?")
    audit.add_argument("source", metavar="SOURCE", help="a result file, of this lab or of another tool")
    audit.add_argument("--format", default="auto", help="what the file is (default: auto, by its content)")
    audit.add_argument("--workers", type=_jobs, metavar="N", help="the concurrency, where the file does not say it")
    audit.add_argument("--full", action="store_true", help="every result, and every rule's answer, of every claim")
    audit.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    audit.add_argument("--findings", metavar="FILE", help="leave what to ship, what not and why as Markdown")
    audit.add_argument("--sarif", metavar="FILE", help="leave the findings as SARIF 2.1.0, which code hosts show")
    audit.set_defaults(command=_audit)

    gates = commands.add_parser("gates", help="judge a run's records")
    gates.add_argument("run", metavar="RUN", help="a run's id, its folder, or `latest`")
    gates.add_argument("--spec", metavar="FILE", help="a gates file in place of params/gates.yaml")
    gates.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    gates.set_defaults(command=_gates)

    compare = commands.add_parser("compare", help="what changed between runs or samples files, and is it worse?")
    _add_compare_options(compare)
    compare.set_defaults(command=_compare)

    merge = commands.add_parser("merge", help="what several machines' runs amount to together, without their raw data")
    merge.add_argument("files", nargs="+", metavar="FILE", help="samples files, or summaries made by this command")
    merge.add_argument("--out", required=True, metavar="FILE", help="where the summary is left; audit reads it too")
    merge.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    merge.set_defaults(command=_merge)

    history = commands.add_parser("history", help="a result over all runs, and when it changed")
    history.add_argument("name", nargs="?", metavar="NAME", help="<study>.<result>; without it, the names there are")
    history.add_argument("--profile", metavar="P", help="runs of this profile (default: that of the newest)")
    history.add_argument("--last", type=_jobs, metavar="N", help="the newest N runs (default: 365)")
    history.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    history.set_defaults(command=_history)

    report = commands.add_parser("report", help="write a run's page again and say where it is")
    report.add_argument("run", metavar="RUN", help="a run's id, its folder, or `latest`")
    report.set_defaults(command=_report)

    _add_seal_commands(commands.add_parser)

    doctor = commands.add_parser("doctor", help="is this machine fit to measure on? (a few seconds)")
    doctor.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    doctor.set_defaults(command=_doctor)

    listing = commands.add_parser("list", help="what there is")
    listing.add_argument("what", choices=sorted(_LISTS), metavar="|".join(sorted(_LISTS)))
    listing.set_defaults(command=_list)

    lab = commands.add_parser(
        "lab", help="open JupyterLab on the first notebook, on this machine only; options are passed on to it"
    )
    lab.set_defaults(command=_lab)
    return parser


def _jobs(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a number of at least 1, got {text!r}")
    return number


def _positive(text: str) -> float:
    number = _seconds(text)
    if number == 0:
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return number


def _seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number of at least 0, got {text!r}")
    return number


def _share(text: str) -> float:
    """A number between 0 and 1, also as a percentage."""
    number = _seconds(text.removesuffix("%"))
    number = number / 100 if text.endswith("%") else number
    if not 0 < number < 1:
        raise argparse.ArgumentTypeError(f"expected a share above 0 and below 1, as in 5%, got {text!r}")
    return number


# Options of `measure` that are handed on as they are, where they were given.
MEASURE_OPTIONS = (
    "workers",
    "workers_as",
    "rate_per_s",
    "arrivals",
    "warmup_s",
    "duration_s",
    "patience_s",
    "seed",
    "recorder",
)


def _add_measure_options(measure: argparse.ArgumentParser) -> None:
    named = "MODULE:FUNCTION"
    add = measure.add_argument
    add("function", metavar=named, help="what to call, as in json:dumps; what it prints is thrown away")
    add("--arguments", metavar=named, help="makes an iterable of the calls' arguments, a tuple being several")
    add("--setup", metavar=named, help="called once a worker; what it returns is the first argument")
    add("--teardown", metavar=named, help="called at the end with what setup returned")
    add("--workers", type=_jobs, metavar="N", help="that call at once (default: 1; with --rate up to 64)")
    add(
        "--as", dest="workers_as", choices=("threads", "tasks", "processes"), help="what workers are (default: threads)"
    )
    add("--rate", dest="rate_per_s", type=_positive, metavar="R", help="an open load of R calls a second")
    add("--arrivals", choices=("constant", "poisson"), help="of an open load (default: constant)")
    add("--warmup", dest="warmup_s", type=_seconds, metavar="S", help="seconds that leave no record (default: 1)")
    add("--duration", dest="duration_s", type=_positive, metavar="S", help="seconds that are measured (default: 5)")
    add("--patience", dest="patience_s", type=_positive, metavar="S", help="seconds more for a late call (default: 30)")
    add("--seed", type=int, metavar="N", help="for what is left to chance (default: 0)")
    add("--recorder", choices=("auto", "c", "python"), help="default: c where it was built")
    add("--out", metavar="FILE", help="leave every operation in a samples file")
    add("--full", action="store_true", help="the answer of every rule, not only what was found")
    add("--json", action="store_true", help="one JSON document instead of tables")


def _measure(arguments: argparse.Namespace) -> int:
    from bizra_lab.evidence.samples_file import write_samples
    from bizra_lab.measuring import Named, Options, measure_named
    from bizra_lab.study import audited_samples

    if arguments.arrivals and arguments.rate_per_s is None:
        raise SettingsError("--arrivals: a closed load has none; expected --rate too")
    sys.path.insert(0, str(Path.cwd()))  # as `python -m` does: one's own module is here
    given: Any = {name: value for name in MEASURE_OPTIONS if (value := getattr(arguments, name)) is not None}
    options: Options = given
    named = Named(arguments.function, arguments.setup, arguments.teardown, arguments.arguments)
    samples = measure_named(named, options)
    if arguments.out:
        write_samples(samples, Path(arguments.out))
    return _print_audited(audited_samples(arguments.function, "measured", samples), arguments.json, arguments.full)


def _audit(arguments: argparse.Namespace) -> int:
    from bizra_lab.study import audit_source

    source = Path(arguments.source)
    taken = {os.path.realpath(source): "what is audited"}
    for option in ("findings", "sarif"):
        file = getattr(arguments, option)
        if file is None:
            continue
        path = os.path.realpath(file)
        if path in taken:
            raise SettingsError(f"--{option}: {file} is {taken[path]}; expected another file")
        taken[path] = f"for --{option}"
    audited = audit_source(source, arguments.format, arguments.workers)
    if arguments.findings or arguments.sarif:
        _leave_findings(audited, arguments.findings, arguments.sarif)
    return _print_audited(audited, arguments.json, arguments.full)


def _leave_findings(audited: AuditedSource, markdown: str | None, sarif: str | None) -> None:
    """Leave the findings in the files that were asked for; in both the source is named as seen from this folder."""
    from bizra_lab.audit import RULES
    from bizra_lab.evidence.sarif import name_inside, sarif_document, write_sarif
    from bizra_lab.files import write_atomically
    from bizra_lab.reporting.findings import findings_markdown

    pages = {name: each.page for name, each in RULES.items()}
    name = name_inside(audited.source, Path.cwd())
    if markdown:
        write_atomically(Path(markdown), findings_markdown(name, audited.format, audited.claims, pages).encode())
    if sarif:
        write_sarif(sarif_document(audited, name, pages, _version()), Path(sarif))


def _version() -> str:
    try:
        return importlib.metadata.version("bizra-lab")
    except importlib.metadata.PackageNotFoundError:  # run from its folder, without having been installed
        return "unknown"


def _print_audited(audited: AuditedSource, as_json: bool, in_full: bool) -> int:
    """
    Print the claims of a source with their audits, and return the exit code of the worst.

    Of several claims first a summary, then what stands against those that are not validated; `in_full`, every result
    and every rule's answer of all of them.
    """
    from bizra_lab.evidence.audit_document import audit_document
    from bizra_lab.reporting.claims import summary_table

    if as_json:
        _print_json(audit_document(audited))
        return TRUST_EXIT[audited.verdict]
    several = len(audited.claims) > 1
    if several:
        print(summary_table([(claim.name, audit) for claim, audit in audited.claims], audited.source), end="\n\n")
    for claim, audit in audited.claims:
        if in_full or not several or TRUST_EXIT[audit.verdict]:
            _print_claim(claim, audit, in_full=in_full, alone=not several)
    print(f"{printable(audited.source)}: {audited.verdict.value.upper()}")
    return TRUST_EXIT[audited.verdict]


def _print_claim(claim: Claim, audit: Audit, *, in_full: bool, alone: bool) -> None:
    from bizra_lab.reporting.claims import against, quiet_rules
    from bizra_lab.reporting.table import findings_table, results_table

    scope = claim.declared.scope or "scope undisclosed"
    print(f"{printable(claim.name)} ({scope}): {audit.verdict.value.upper()}")
    if claim.says:
        print(f"“{printable(claim.says)}”")
    if in_full or alone:
        print(f"\n{results_table(claim.results)}\n")
    if in_full:
        print(findings_table(audit), end="\n\n")
    else:
        print(against(audit, with_notes=alone), end="\n\n")
    if alone and not in_full:
        print(f"{quiet_rules(audit)} (--full lists them)\n")


def _gates(arguments: argparse.Namespace) -> int:
    from bizra_lab.gates import load_gates
    from bizra_lab.study import find_home
    from bizra_lab.suite.run_folder import find_run
    from bizra_lab.suite.verdicts import gates_document
    from bizra_lab.suite.verify import judge_again

    home = find_home()
    folder = find_run(home, arguments.run)
    spec = Path(arguments.spec) if arguments.spec else home / "params" / "gates.yaml"
    judged = judge_again(folder, home, load_gates(spec))
    if arguments.json:
        _print_json(gates_document(judged))
    else:
        _print_judged(judged)
    return judged.exit_code


def _merge(arguments: argparse.Namespace) -> int:
    from bizra_lab.evidence.record import results_to_json
    from bizra_lab.reporting.table import results_table
    from bizra_lab.suite.merge import merge_files

    claim = merge_files([Path(each) for each in arguments.files], Path(arguments.out))
    if arguments.json:
        _print_json({"name": claim.name, "results": results_to_json(claim.results)})
    else:
        print(results_table(claim.results, printable(claim.name)))
    return 0


def _add_compare_options(compare: argparse.ArgumentParser) -> None:
    what = "a run (id, folder, `latest`), a samples file, or a quoted pattern of several, each a process"
    add = compare.add_argument
    add("old", metavar="A", help=what)
    add("new", metavar="B", help="the same, for what A is compared with")
    add("--margin", type=_share, metavar="M", help="what is still equivalent, as in 5%% or 0.05 (default: 5%%)")
    add("--confidence", type=_share, metavar="C", help="of all that is said together (default: 95%%)")
    add("--of", action="append", metavar="RESULT", help="a result or pattern (default: rate, latencies, failures)")
    add("--across", action="append", choices=("policy", "host"), help="compare although this differs or is withheld")
    add("--json", action="store_true", help="one JSON document instead of tables")


def _compare(arguments: argparse.Namespace) -> int:
    from bizra_lab.suite.compare import COMPARED, CONFIDENCE, MARGIN, compare_sources, compared_document, compared_table

    sides = compare_sources(
        arguments.old,
        arguments.new,
        arguments.margin or MARGIN,
        arguments.confidence or CONFIDENCE,
        arguments.of or COMPARED,
        arguments.across or (),
    )
    if arguments.json:
        _print_json(compared_document(sides))
    else:
        for study, compared in sides.studies.items():
            print(compared_table(study, compared), end="\n\n")
        print(f"{', '.join(sides.old)} → {', '.join(sides.new)}: {sides.verdict.upper()}")
    return COMPARE_EXIT[sides.verdict]


def _history(arguments: argparse.Namespace) -> int:
    from bizra_lab.study import find_home
    from bizra_lab.suite import history

    home = find_home()
    if arguments.name is None:
        return _history_names(history.names(home), arguments.json)
    found = history.history(home, arguments.name, arguments.profile, arguments.last or history.RUNS_LOOKED_AT)
    _say_each(found.left_out)
    if arguments.json:
        _print_json(history.history_document(found))
    else:
        print(history.history_table(found), f"\n{history.said(found)}", sep="\n")
    return 0


def _history_names(names: Names, as_json: bool) -> int:
    _say_each(names.left_out)
    if as_json:
        _print_json({"names": dict(names.runs), "left_out": list(names.left_out)})
    else:
        for name, runs in names.runs.items():
            print(f"{name:56} in {runs}")
    return 0


def _say_each(sentences: Sequence[str]) -> None:
    for sentence in sentences:
        _say(sentence)


def _doctor(arguments: argparse.Namespace) -> int:
    from bizra_lab.harness.doctor import examine
    from bizra_lab.reporting.table import doctor_table
    from bizra_lab.settings import plain

    diagnosis = examine()
    if arguments.json:
        _print_json(plain(diagnosis))
    else:
        print(doctor_table(diagnosis))
    return FITNESS_EXIT[diagnosis.word]


def _list(arguments: argparse.Namespace) -> int:
    for line in _LISTS[arguments.what]():
        print(line)
    return 0


def _first_sentence(text: str | None) -> str:
    return " ".join((text or "").strip().partition("\n\n")[0].split())


def _list_components() -> list[str]:
    from bizra_lab.components import COMPONENTS

    return [
        f"{name:20} {_first_sentence(sys.modules[each.prepare.__module__].__doc__)}"
        for name, each in COMPONENTS.items()
    ]


def _list_rules() -> list[str]:
    from bizra_lab.audit import RULES

    return [f"{name:20} {_first_sentence(each.page)}" for name, each in RULES.items()]


def _list_importers() -> list[str]:
    from bizra_lab.importers import IMPORTERS

    ours = f"{'samples':20} The samples file of this lab: every operation, in Parquet."
    return sorted([ours, *(f"{name:20} {_first_sentence(each.page)}" for name, each in IMPORTERS.items())])


def _list_gates() -> list[str]:
    from bizra_lab.gates import load_gates
    from bizra_lab.study import find_home

    gates = load_gates(find_home() / "params" / "gates.yaml").gates
    return [
        f"{each.id:28} {each.of} {each.kind} {' to '.join(f'{n:g}' for n in each.limits)} {each.unit}" for each in gates
    ]


def _list_studies() -> list[str]:
    from bizra_lab.settings import read_yaml
    from bizra_lab.study import find_home, studies

    home = find_home()
    return [f"{stem:20} {read_yaml(home / 'params' / f'{stem}.yaml').get('question', '')}" for stem in studies(home)]


def _list_runs() -> list[str]:
    from bizra_lab.study import find_home
    from bizra_lab.suite.run_folder import runs

    return [folder.name for folder in runs(find_home())]


_LISTS: dict[str, Callable[[], list[str]]] = {
    "components": _list_components,
    "rules": _list_rules,
    "gates": _list_gates,
    "importers": _list_importers,
    "studies": _list_studies,
    "runs": _list_runs,
}


def _lab(arguments: argparse.Namespace) -> int:
    from bizra_lab.study import find_home

    home = find_home()
    command = [sys.executable, "-m", "jupyterlab", "--ip=127.0.0.1", f"--notebook-dir={home}"]
    command.append("--LabApp.default_url=/lab/tree/notebooks/00_the_lab.ipynb")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # in containers; the server listens on loopback and wants its token all the same
    os.chdir(home)
    sys.stdout.flush()
    os.execv(command[0], [*command, *arguments.rest])


def _run(arguments: argparse.Namespace) -> int:
    from bizra_lab.study import find_home
    from bizra_lab.suite.run import RunRequest, run_suite

    request = RunRequest(
        studies=tuple(arguments.studies),
        profile=arguments.profile,
        params=Path(arguments.params) if arguments.params else None,
        overrides=_assignments(arguments.overrides),
        workers=arguments.jobs,
        resume=arguments.resume,
    )
    with _ended_like_control_c(signal.SIGTERM):
        finished = run_suite(find_home(), request, _Progress())
    for sentence in finished.failures:
        _say(sentence)
    if finished.unsealed and not finished.failures:
        _say(f"not sealed: {finished.unsealed}")
    if finished.judged.verdicts or not finished.failures:
        _print_judged(finished.judged)
    print(f"notebooks, samples, records and report.html: {finished.folder}")
    return finished.exit_code


def _print_judged(judged: RunVerdicts) -> None:
    from bizra_lab.reporting.status import levels_table, open_table, score_line

    print(levels_table(judged.verdicts))
    if (still_open := open_table(judged.verdicts)).rows:
        print("", still_open, sep="\n")
    print(f"\n{score_line(judged.verdicts, judged.score, judged.grade, judged.metrics_score)}")


def _assignments(texts: Sequence[str]) -> dict[str, Any]:
    """`KEY=VALUE` words as settings, the values read as YAML."""
    found: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise SettingsError(f"-p {text}: expected KEY=VALUE, as in -p load.workers=2")
        found[key] = parse_yaml(value, f"-p {key}")
    return found


@contextlib.contextmanager
def _ended_like_control_c(number: signal.Signals) -> Iterator[None]:
    """Let a signal end the block as Control-C does, so that whatever was begun is put away."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(number, interrupt)
    try:
        yield
    finally:
        signal.signal(number, before)


class _Progress:
    """Tells on stderr what the jobs do: on a terminal cell by cell on one line, elsewhere only changes of state."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._drawn = False

    def __call__(self, event: JobEvent) -> None:
        if event.cell:
            if self._live:
                line = f"{event.stem}: {event.heading} (cell {event.cell} of {event.cells})"
                sys.stderr.write(f"\r\x1b[2K  {line[:100]}")
                sys.stderr.flush()
                self._drawn = True
            return
        if self._drawn:
            sys.stderr.write("\r\x1b[2K")
            self._drawn = False
        print(f"  {event.stem}: {event.state.value}", file=sys.stderr, flush=True)


def _report(arguments: argparse.Namespace) -> int:
    from bizra_lab.study import find_home
    from bizra_lab.suite.run_folder import find_run
    from bizra_lab.suite.verify import report_again

    home = find_home()
    print(report_again(find_run(home, arguments.run), home))
    return 0


def _add_seal_commands(add: Callable[..., argparse.ArgumentParser]) -> None:
    seal = add("seal", help="judge and seal a run that has no seal yet")
    seal.add_argument("run", metavar="RUN", help="a run's id, its folder, or `latest`")
    seal.set_defaults(command=_seal)

    verify = add("verify", help="is this run as it was sealed, and by whom?")
    verify.add_argument("path", metavar="PATH", help="a sealed run (id, folder, `latest`), or `ledger` for all of them")
    verify.add_argument("--key", metavar="PUB", help="trust this public key (PEM) and no other")
    verify.set_defaults(command=_verify)

    retain = add("retain", help="remove sealed runs whose time is over; the ledger keeps that they were")
    retain.add_argument("--dry-run", action="store_true", help="only say what would become of each")
    retain.add_argument("--hold", metavar="RUN", help="keep this run until it is released (with --because)")
    retain.add_argument("--release", metavar="RUN", help="let its time count again (with --because)")
    retain.add_argument("--because", metavar="TEXT", default="", help="the reason, which the ledger keeps")
    retain.set_defaults(command=_retain)


def _seal(arguments: argparse.Namespace) -> int:
    from bizra_lab.gates import load_gates
    from bizra_lab.study import find_home
    from bizra_lab.suite.run_folder import alone_in, find_run, open_run
    from bizra_lab.suite.seal import conclude

    home = find_home()
    folder = find_run(home, arguments.run)
    with alone_in(folder):
        concluded = conclude(open_run(folder), home, load_gates(home / "params" / "gates.yaml"))
    if concluded.unsealed:
        return _refuse(f"{folder.name}: not sealed: {concluded.unsealed}")
    print(f"sealed: {folder}")
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    from bizra_lab.study import find_home
    from bizra_lab.suite.keyring import OWN, own_public_path
    from bizra_lab.suite.verify import find_sealed, verify

    home = None
    with contextlib.suppress(SettingsError):  # a stranger has a run, a key, and no lab
        home = find_home()
    if arguments.path == LEDGER and home is not None:
        return _verify_ledger(home)
    folder = find_sealed(arguments.path, home)
    found = verify(folder, home, Path(arguments.key) if arguments.key else None)
    for problem in found.problems:
        print(problem)
    print(f"{printable(str(folder))}: {'AUTHENTIC' if found.authentic else 'NOT AUTHENTIC'}")
    if found.sealed.statement is not None:
        print(f"{found.sealed.intact} of {len(found.sealed.statement.subjects)} files are as they were sealed")
    print(f"signed with: {found.sealed.signed_by or 'no key that is trusted'}")
    if found.sealed.signed_by == OWN:
        print(f"  others check it with {own_public_path(home)}, which they must have from you, and not with the run")
    print(f"ledger: {found.ledger}")
    return 0 if found.authentic else NOT_AUTHENTIC


def _verify_ledger(home: Path) -> int:
    from bizra_lab.suite.verify import intact_ledger, missing_runs

    ledger = intact_ledger(home)
    problems = missing_runs(ledger, home)
    for problem in problems:
        print(problem)
    mark = ledger.mark
    print(f"ledger {mark.ledger[:16]}: {mark.entries} entries, root {mark.root}, {len(ledger.kept)} runs kept")
    return NOT_AUTHENTIC if problems else 0


def _retain(arguments: argparse.Namespace) -> int:
    from bizra_lab.harness.environment import now_utc
    from bizra_lab.study import find_home
    from bizra_lab.suite.retention import fates, hold, release, retain
    from bizra_lab.suite.run_folder import find_run

    home, now = find_home(), now_utc()
    if arguments.hold:
        hold(home, find_run(home, arguments.hold).name, arguments.because, now)
    if arguments.release:
        release(home, find_run(home, arguments.release).name, arguments.because, now)
    asked = arguments.dry_run or arguments.hold or arguments.release
    for fate in fates(home, now) if asked else retain(home, now):
        print(f"{fate.run}: {'removed' if fate.removed else 'kept'}, {fate.reason}")
    return 0
