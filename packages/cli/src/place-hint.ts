/** Commands that a hint advises, with the options by which the failed command found its node: else they ask another one. */

/** Options that say which node or runtime is meant. `node` itself has no `--cri`. */
const PLACE = ['--root', '--state', '--cri'];
/** Advised commands that speak to a node. */
const ADVISED = /`((?:npx )?stillframe (?:pods|logs|rm|run|node (?:up|status|down)))(?=[` ])/g;

/** `hint` with those of `argv`'s options behind every command in it that takes them. */
export function atPlace(hint: string, argv: readonly string[]): string {
  const words = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined);
  const given = words.flatMap((word, i) => {
    const option = PLACE.find((name) => word === name || word.startsWith(`${name}=`));
    if (option === undefined) return [];
    const value = word === option ? words[i + 1] : word.slice(option.length + 1);
    return value === undefined ? [] : [{ option, text: `${option} ${shellWord(value)}` }];
  });
  return hint.replace(ADVISED, (command: string) => {
    const fitting = given.filter(({ option }) => option !== '--cri' || !command.includes('stillframe node'));
    return [command, ...fitting.map(({ text }) => text)].join(' ');
  });
}

function shellWord(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}
