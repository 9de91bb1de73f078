/** The package sources of a Debian or Ubuntu system, in both formats of sources.list(5). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The system's own main archive as { uri, signedBy }, or undefined. `signedBy` is the field's text, possibly a whole
 * key over several lines, or undefined where apt's default keyrings apply. `family` is debian or ubuntu.
 */
export function mainArchive(family, folder = '/etc/apt') {
  const all = sourcesOf(folder).filter(({ types }) => types.includes('deb'));
  // Other archives (of vendors, of security updates) carry no development release of the distribution.
  const ours = all.filter(({ uri, components }) => components.includes('main') && !/security/.test(uri));
  const named = new RegExp(family === 'ubuntu' ? 'ubuntu' : 'debian');
  return ours.find(({ uri }) => named.test(uri));
}

/** Every source of the folder that is switched on. */
export function sourcesOf(folder) {
  const found = oneLine(read(join(folder, 'sources.list')));
  for (const name of list(join(folder, 'sources.list.d')).sort()) {
    const text = read(join(folder, 'sources.list.d', name));
    if (name.endsWith('.list')) found.push(...oneLine(text));
    if (name.endsWith('.sources')) found.push(...deb822(text));
  }
  return found;
}

/** `deb [option=value …] URI suite component…` */
export function oneLine(text) {
  const found = [];
  for (const line of text.split('\n')) {
    const match = /^\s*(deb|deb-src)\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    if (!match) continue;
    const [, type, options = '', uri, , components] = match;
    const signedBy = /(?:^|\s)signed-by=(\S+)/.exec(options)?.[1];
    found.push({ types: [type], uri, components: words(components), signedBy });
  }
  return found;
}

/** Stanzas of `Field: value` with continuation lines, parted by empty lines. */
export function deb822(text) {
  const found = [];
  const plain = text.replace(/^#.*\n?/gm, '');
  for (const stanza of plain.split(/\n\s*\n/)) {
    const fields = new Map();
    for (const [, name, value] of stanza.matchAll(/^([A-Za-z-]+):((?:.*)(?:\n[ \t].*)*)/gm)) {
      fields.set(name.toLowerCase(), value.replace(/^[ \t]+/, ''));
    }
    if (/^(no|false|0|off|disable|without)$/i.test((fields.get('enabled') ?? '').trim())) continue;
    for (const uri of words(fields.get('uris'))) {
      found.push({
        types: words(fields.get('types')),
        uri,
        components: words(fields.get('components')),
        signedBy: fields.get('signed-by'),
      });
    }
  }
  return found;
}

const words = (text) => (text ?? '').split(/\s+/).filter(Boolean);

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function list(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
