/** Names of evidence as names of files here: none leads out, none acts on a terminal, no two are one on any filesystem. */

/** What a filesystem or a terminal could take amiss: of Windows, too, for what is taken out is carried about. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\ufffd<>:"\\|?*]/gu;
const RESERVED = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;
/** Bytes of a name that are kept: NAME_MAX is 255, and a suffix must fit. */
const NAME_BYTES = 200;
/** Bytes of a path below the folder; PATH_MAX is 4096. */
const PATH_BYTES = 1500;
/** Where files go that lie deeper. */
const DEEP = 'deep';

/** Gives out paths below one folder. */
export class SafePaths {
  /** Paths that are given out, folded as a filesystem that does not tell cases apart would. */
  readonly #taken = new Set<string>();
  /** The folder that stands for a folder of the evidence, by parent and raw name. */
  readonly #folders = new Map<string, string>();

  /** A path for a file that nobody has yet: relative, `/` between names. `raw` may be anything. */
  claim(raw: string): string {
    const parts = raw.split('/').filter((part) => part !== '');
    const last = safeName(parts.pop() ?? '');
    const folder = parts.map(safeName).join('/');
    const deep = Buffer.byteLength(`${folder}/${last}`) > PATH_BYTES;
    let at = '';
    for (const part of deep ? [parts[0] ?? DEEP, DEEP] : parts) at = this.#folder(at, part);
    return this.#take(at, last);
  }

  #folder(parent: string, raw: string): string {
    const key = `${parent}/\0${raw}`;
    const known = this.#folders.get(key);
    if (known !== undefined) return known;
    const path = this.#take(parent, safeName(raw));
    this.#folders.set(key, path);
    return path;
  }

  #take(parent: string, name: string): string {
    for (let number = 1; ; number += 1) {
      const path = `${parent === '' ? '' : `${parent}/`}${number === 1 ? name : `${name}~${number}`}`;
      const folded = path.normalize('NFC').toLowerCase().normalize('NFC');
      if (this.#taken.has(folded)) continue;
      this.#taken.add(folded);
      return path;
    }
  }
}

/** One name, without a `/`. */
function safeName(raw: string): string {
  const plain = raw.replace(UNSAFE, '_').replace(/[. ]+$/, (end) => '_'.repeat(end.length));
  const name = cut(plain === '' ? '_' : plain);
  return RESERVED.test(name) ? `_${name}` : name;
}

function cut(name: string): string {
  if (Buffer.byteLength(name) <= NAME_BYTES) return name;
  let bytes = 0;
  let kept = '';
  for (const char of name) {
    bytes += Buffer.byteLength(char);
    if (bytes > NAME_BYTES) break;
    kept += char;
  }
  return kept;
}
