/** What a terminal's file tells (tty, tty-info and tty-data images). */
import { deviceNumbers } from '@stillframe/criu-image';
import type { termios_entry, tty_info_entry } from '@stillframe/criu-image/proto';
import { type NamedBits, namesOfBits } from '../flag-names.ts';
import { type Queued, queuedBytes } from '../queued.ts';
import { recorded } from '../recorded.ts';

/** A terminal; several files may be open on one. */
export interface Terminal {
  readonly kind: 'pty-master' | 'pty-slave' | 'console' | 'virtual' | 'controlling' | 'external' | 'serial' | 'unknown';
  /** N of /dev/pts/N, for both ends of a pair; undefined for others. */
  readonly index: number | undefined;
  /** `major:minor` of the device. */
  readonly device: string;
  /** Leader of the session whose controlling terminal it is; 0 for none. */
  readonly sid: number;
  /** Foreground process group; 0 for none. */
  readonly foreground: number;
  /** Whether the slave may not be opened yet (TIOCSPTLCK). */
  readonly locked: boolean;
  /** TIOCEXCL. */
  readonly exclusive: boolean;
  /** TIOCPKT. */
  readonly packetMode: boolean;
  readonly size: { readonly rows: number; readonly columns: number } | undefined;
  readonly settings: TerminalSettings | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** What waits to be read at this end. */
  readonly queued: Queued;
}

/** struct termios by name. */
export interface TerminalSettings {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly control: readonly string[];
  readonly local: readonly string[];
  /** Bits a second; undefined for a code that has no name. */
  readonly speed: number | undefined;
}

/** uapi asm-generic/termbits.h. */
const INPUT: NamedBits = [
  ['IGNBRK', 0x1],
  ['BRKINT', 0x2],
  ['IGNPAR', 0x4],
  ['PARMRK', 0x8],
  ['INPCK', 0x10],
  ['ISTRIP', 0x20],
  ['INLCR', 0x40],
  ['IGNCR', 0x80],
  ['ICRNL', 0x100],
  ['IUCLC', 0x200],
  ['IXON', 0x400],
  ['IXANY', 0x800],
  ['IXOFF', 0x1000],
  ['IMAXBEL', 0x2000],
  ['IUTF8', 0x4000],
];
const OUTPUT: NamedBits = [
  ['OPOST', 0x1],
  ['OLCUC', 0x2],
  ['ONLCR', 0x4],
  ['OCRNL', 0x8],
  ['ONOCR', 0x10],
  ['ONLRET', 0x20],
  ['OFILL', 0x40],
  ['OFDEL', 0x80],
  ['XTABS', 0x1800],
];
const CONTROL: NamedBits = [
  ['CS8', 0x30],
  ['CS7', 0x20],
  ['CS6', 0x10],
  ['CSTOPB', 0x40],
  ['CREAD', 0x80],
  ['PARENB', 0x100],
  ['PARODD', 0x200],
  ['HUPCL', 0x400],
  ['CLOCAL', 0x800],
  ['CMSPAR', 0x40000000],
  ['CRTSCTS', 0x80000000],
];
const LOCAL: NamedBits = [
  ['ISIG', 0x1],
  ['ICANON', 0x2],
  ['XCASE', 0x4],
  ['ECHO', 0x8],
  ['ECHOE', 0x10],
  ['ECHOK', 0x20],
  ['ECHONL', 0x40],
  ['NOFLSH', 0x80],
  ['TOSTOP', 0x100],
  ['ECHOCTL', 0x200],
  ['ECHOPRT', 0x400],
  ['ECHOKE', 0x800],
  ['FLUSHO', 0x1000],
  ['PENDIN', 0x4000],
  ['IEXTEN', 0x8000],
  ['EXTPROC', 0x10000],
];
/** The bits of c_cflag that are a code for the speed, and those of the input's own speed. */
const SPEED = 0x100f;
const INPUT_SPEED = 0x100f0000;
const SPEEDS: readonly number[] = [0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400];
const HIGH_SPEEDS: readonly (number | undefined)[] = [
  ...[undefined, 57600, 115200, 230400, 460800, 500000, 576000, 921600, 1000000, 1152000, 1500000, 2000000],
  ...[2500000, 3000000, 3500000, 4000000],
];
const HIGH = 0x1000;

/** TtyType of CRIU's tty.proto; 1, a pseudo-terminal, is told by its device. */
const KINDS: Readonly<Record<number, Terminal['kind']>> = {
  2: 'console',
  3: 'virtual',
  4: 'controlling',
  5: 'external',
  6: 'serial',
};
const PTY = 1;
/** Device of /dev/ptmx, and majors of /dev/pts/N (Linux devices.txt). */
const MASTER = { major: 5, minor: 2 };
const SLAVES = { first: 136, last: 143 };

/** `waiting`: bytes of the tty-data image; undefined where it has none for this terminal, so that nothing waits. */
export function terminal(info: tty_info_entry, waiting: Queued | undefined): Terminal {
  const { sid, pgrp, locked, exclusive, packetMode, winsize, termios, pty } = info;
  const [major, minor] = deviceNumbers(BigInt(info.rdev), true);
  const isMaster = major === MASTER.major && minor === MASTER.minor;
  const isSlave = major >= SLAVES.first && major <= SLAVES.last;
  const end = isMaster ? 'pty-master' : isSlave ? 'pty-slave' : 'unknown';
  return {
    kind: info.type === PTY ? end : (KINDS[info.type] ?? 'unknown'),
    index: pty?.index,
    device: `${major}:${minor}`,
    sid,
    foreground: pgrp,
    locked,
    exclusive,
    packetMode,
    size: winsize && { rows: winsize.wsRow, columns: winsize.wsCol },
    settings: termios && settingsOf(termios),
    uid: recorded(info, 'uid'),
    gid: recorded(info, 'gid'),
    queued: waiting ?? queuedBytes(0),
  };
}

function settingsOf({ cIflag, cOflag, cCflag, cLflag }: termios_entry): TerminalSettings {
  const code = cCflag & SPEED;
  return {
    input: namesOfBits(cIflag, INPUT),
    output: namesOfBits(cOflag, OUTPUT),
    control: namesOfBits((cCflag & ~(SPEED | INPUT_SPEED)) >>> 0, CONTROL),
    local: namesOfBits(cLflag, LOCAL),
    speed: (code & HIGH) === 0 ? SPEEDS[code] : HIGH_SPEEDS[code & 0xf],
  };
}
