/** Secrets as they are shown: redacted, grouped by what they open, and as a checklist. */
import { harmless } from '@stillframe/core';
import { referenceText, type Secret } from '@stillframe/forensics';

/** Characters of a secret that are shown unasked; of a password none. */
const SHOWN = 4;
const PLACES = 3;

export type SecretView = ReturnType<typeof viewOf>;

/** A secret ready for JSON, itself only with `reveal`. `names`: of processes. */
export function viewOf(secret: Secret, names: ReadonlyMap<number, string | undefined>, reveal: boolean) {
  const { value, isPassword, places, pids, ...known } = secret;
  return {
    ...known,
    begins: isPassword || value.startsWith('-----') || value.length < 4 * SHOWN ? undefined : value.slice(0, SHOWN),
    ...(reveal ? { value } : {}),
    processes: pids.map((pid) => ({ pid, name: names.get(pid) })),
    places: places.map(({ reference, ...place }) => ({ ...place, reference: referenceText(reference) })),
  };
}

/** The rows under what they open. */
export function secretsText(secrets: readonly SecretView[], what: string): string {
  if (secrets.length === 0) return 'no secrets were found\n';
  const certain = secrets.filter(({ doubt }) => doubt === undefined);
  const groups = [...Map.groupBy(certain, ({ opens }) => opens.toUpperCase())];
  const doubted = secrets.filter(({ doubt }) => doubt !== undefined);
  if (doubted.length > 0) groups.push(['PROBABLY NONE', doubted]);
  const blocks = groups.map(([title, rows]) => `${title}\n\n${rows.map(rowText).join('\n')}`);
  const sum = certain.length === 1 ? 'one secret' : `${certain.length} secrets`;
  return `${blocks.join('\n')}\n${sum} in ${what}\n`;
}

function rowText(secret: SecretView): string {
  const { places, count } = secret;
  const lines = places
    .slice(0, PLACES)
    .map(({ where, name, reference }) => `    ${where}  ${reference}${name ? `  ${harmless(name)}` : ''}\n`);
  const more = count > lines.length ? `    and ${count - lines.length} more places\n` : '';
  return `  ${secret.title}  ${shownText(secret)}\n${factsText(secret)}${holdersText(secret)}${lines.join('')}${more}`;
}

function shownText({ value, begins, characters, fingerprint, proof, doubt }: SecretView): string {
  const shown = value === undefined ? `${begins ?? ''}… ${characters} characters` : harmless(value);
  const print = fingerprint === undefined ? '' : `  #${fingerprint}`;
  return `${harmless(shown)}${print}  (${doubt ?? proof})`;
}

function factsText({ facts }: SecretView): string {
  const pairs = Object.entries(facts ?? {})
    .filter(([, fact]) => fact !== undefined)
    .map(factText);
  return pairs.length === 0 ? '' : `    ${pairs.join(', ')}\n`;
}

/** `secret key beside yes`: the name as words. */
function factText([name, fact]: readonly [string, unknown]): string {
  const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return `${words} ${typeof fact === 'boolean' ? (fact ? 'yes' : 'no') : harmless(String(fact))}`;
}

function holdersText({ processes }: SecretView): string {
  if (processes.length === 0) return '';
  const few = processes.slice(0, 8).map(({ pid, name }) => `${pid}${name === undefined ? '' : ` (${harmless(name)})`}`);
  const more = processes.length > few.length ? ` and ${processes.length - few.length} more` : '';
  return `    of process ${few.join(', ')}${more}\n`;
}

/** One box a secret, with what is to be done. Those that are probably none are left out. */
export function rotationText(secrets: readonly SecretView[], what: string): string {
  const certain = secrets.filter(({ doubt }) => doubt === undefined);
  if (certain.length === 0) return 'nothing is to be changed: no secrets were found\n';
  const groups = [...Map.groupBy(certain, ({ opens }) => opens)].map(([opens, rows]) => {
    const boxes = rows.map((row) => `[ ] ${row.title}  ${subject(row)}\n    ${row.rotate}\n`);
    return `${opens.toUpperCase()}\n${boxes.join('')}`;
  });
  return `To be changed, because ${what} holds it\n\n${groups.join('\n')}`;
}

function subject({ begins, characters, fingerprint, facts }: SecretView): string {
  const shown = `${harmless(begins ?? '')}… ${characters} characters${fingerprint === undefined ? '' : `  #${fingerprint}`}`;
  const pairs = Object.entries(facts ?? {})
    .filter(([name, fact]) => typeof fact === 'string' || (name === 'expiredAtCapture' && fact === true))
    .map(factText);
  return pairs.length === 0 ? shown : `${shown}  ${pairs.join(', ')}`;
}
