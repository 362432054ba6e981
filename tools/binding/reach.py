"""Which language reaches a function of gyre.h by a form of its own, and why some do not. A function
that neither is reached nor has a reason, and a reason for what is reached, end the program."""
import pathlib
import re
import sys

from binding import header

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Of each language where its forms are, whose files not, and how they name a function.
LANGUAGES = {
    'Rust': ('capi/rust/src/*.rs', '', r'\bffi::(gyre_\w+)'),
    'Go': ('capi/go/*.go', '_test.go', r'\b(?:C\.|return )(gyre_\w+)\('),
    'Python': ('capi/python/gyre/*.py', '_abi.py', r'\blib(?:rary)?\.(gyre_\w+)'),
    'TypeScript': ('wasm/*.ts', 'exports.ts', r'\b(?:call|fn)\.(gyre_\w+)'),
}
# Why not, in which languages, what. What gyre.wasm does not have TypeScript need not.
WHY = [
    ('the language has an allocator', 'Rust Go Python', 'gyre_alloc gyre_free'),
    ('the version is given as text', 'Rust Go TypeScript', 'gyre_version'),
    ('the language has its own deflate', 'Rust Go', 'gyre_compress gyre_decompress'),
    ('the engine calls its loops: none is external', 'Rust',
     'gyre_tick_acquire gyre_tick_complete gyre_engine_step_to'),
    ('its loops are external, and their functions are run until they return', 'Go TypeScript',
     'gyre_engine_poll_within gyre_tick_pending'),
    ('a function is run until it returns', 'Rust Python', 'gyre_tick_pending'),
    ('poll() runs what is due', 'Rust Python', 'gyre_engine_poll_within'),
    ('a tick is handed back at once, so that it has its own time', 'Rust Go Python TypeScript',
     'gyre_tick_complete_many'),
    ('it steps to where external ticks are due', 'Go', 'gyre_engine_advance_to'),
    ('it advances, which runs the functions', 'Python', 'gyre_engine_step_to'),
    ('an engine that is called is made started, and ends with close()', 'Python',
     'gyre_engine_start gyre_engine_stop'),
    ('for tests of sleeping machines', 'Rust Go TypeScript', 'gyre_engine_jump_to'),
    ('what it was made with is known, and a snapshot has the rest', 'Rust Go Python TypeScript',
     'gyre_engine_state'),
    ('a snapshot has it', 'Rust Go', 'gyre_snapshot_loops gyre_bus_metrics_read '
     'gyre_memory_metrics_read'),
    ('a snapshot has it', 'TypeScript', 'gyre_snapshot_loops gyre_snapshot_totals '
     'gyre_bus_metrics_read gyre_memory_metrics_read gyre_loop_metrics_read gyre_loop_knob'),
    ('complete() says it', 'TypeScript', 'gyre_tick_fail gyre_tick_spend'),
    ('an error of the function says it', 'Go', 'gyre_tick_fail'),
    ('one thread: nobody gives a tick up while it runs', 'TypeScript', 'gyre_tick_cancelled'),
    ('a module has no store', 'TypeScript', 'gyre_engine_sync'),
    ('the caller has the id of each loop', 'TypeScript', 'gyre_loop_find gyre_loops_pause '
     'gyre_loops_resume gyre_loops_stop gyre_loops_throttle'),
]


def reached(language):
    """The names in the sources of its forms."""
    files, apart, named = LANGUAGES[language]
    texts = [path.read_text(encoding='utf-8') for path in sorted(ROOT.glob(files))
             if not (apart and path.name.endswith(apart))]
    return set(re.findall(named, '\n'.join(texts)))


def of(functions, reach=None, why=None):
    """Which languages reach each function, by its name."""
    reach = {language: reached(language) for language in LANGUAGES} if reach is None else reach
    excused = {(name, language) for _, languages, names in (WHY if why is None else why)
               for name in names.split() for language in languages.split()}
    out, wrong = {}, []
    for function in functions:
        out[function.name] = [language for language in reach if function.name in reach[language]]
        for language in reach:
            there, named = language in out[function.name], (function.name, language) in excused
            absent = language == 'TypeScript' and 'not in wasm' in function.call.extras
            if there and named:
                wrong.append(f'{language} reaches {function.name}, and there is a reason why not')
            if not there and not named and not absent:
                wrong.append(f'{language} does not reach {function.name}, and there is no reason')
    wrong += [f'{name} is no function' for name, _ in excused if name not in out]
    if wrong:
        sys.exit('tools/binding/reach.py: ' + '\n'.join(sorted(wrong)))
    return out


def text():
    """The reasons, as Markdown."""
    rows = [f'| {", ".join(f"`{name}`" for name in names.split())} | {languages} | {why} |\n'
            for why, languages, names in WHY]
    rows.append('| what is *not in wasm* | TypeScript | the module does not have it |\n\n')
    return ''.join(['What a language does not reach, by intent:\n\n',
                    '| function | not in | why |\n|---|---|---|\n', *rows])
