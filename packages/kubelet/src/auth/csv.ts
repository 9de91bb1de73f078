/** Records of comma-separated values (RFC 4180), as the token files of Kubernetes are written. */

/** What is wrong with a text, and in which line. */
export class CsvFault extends Error {}

/**
 * The records of `text`, empty lines left out. Values may be quoted; a quote in a quoted value is doubled. Throws
 * CsvFault, which never repeats what it read: these files hold secrets.
 */
export function parseCsv(text: string): string[][] {
  const records: string[][] = [];
  const value = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;
  let record: string[] = [];
  while (value.lastIndex < text.length || record.length > 0) {
    const at = value.lastIndex;
    const found = value.exec(text);
    if (!found) throw new CsvFault(`line ${lineOf(text, at)} has a quote where none belongs`);
    const [, quoted, plain = '', end = ''] = found;
    record.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === ',') continue;
    if (record.length > 1 || quoted !== undefined || plain !== '') records.push(record);
    record = [];
    if (end === '') break;
  }
  return records;
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
