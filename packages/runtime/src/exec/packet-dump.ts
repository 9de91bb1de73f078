/**
 * Packets out of what `socat -x` writes of a transfer. conmon's attach socket keeps packets apart, and the first byte
 * of each says which stream the rest is of; Node.js cannot open such a socket and a plain pipe would merge packets, but
 * the dump has a line that begins each with its direction and length, and then its bytes in hexadecimal.
 */

export interface DumpedPacket {
  /** `>`: from the first address of socat's command line to the second; `<`: the other way. */
  direction: '<' | '>';
  bytes: Buffer;
}

const HEADER = /^([<>]) \S+ \S+\s+length=(\d{1,8}) from=\d+ to=\d+$/;
/** Characters of one line at most: three for each byte of the largest packet, and room for a header. */
const LINE_LIMIT = 3 * (64 << 10) + 256;

/** Takes the dump in pieces of any size. */
export class PacketDump {
  #rest = '';
  #open: { direction: '<' | '>'; length: number; hex: string } | undefined;

  /** The packets that are whole now. Throws a RangeError for a line that no packet can have. */
  push(text: string): DumpedPacket[] {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > LINE_LIMIT) throw new RangeError('a line of the dump is longer than any packet');
    return lines.flatMap((line) => this.#line(line) ?? []);
  }

  #line(line: string): DumpedPacket | undefined {
    const open = this.#open;
    if (!open) {
      const [, direction, length] = HEADER.exec(line) ?? [];
      // socat's own messages stand between packets.
      if (length !== undefined)
        this.#open = { direction: direction === '<' ? '<' : '>', length: Number(length), hex: '' };
      return undefined;
    }
    open.hex += line.replaceAll(' ', '');
    if (open.hex.length < 2 * open.length) return undefined;
    this.#open = undefined;
    return { direction: open.direction, bytes: Buffer.from(open.hex.slice(0, 2 * open.length), 'hex') };
  }
}
