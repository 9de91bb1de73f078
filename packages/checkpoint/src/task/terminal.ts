/** The controlling terminals of sessions (tty-info; credentials(7)). */
import { deviceNumbers, type ImageSet, type SignalOptions } from '@stillframe/criu-image';

/** The terminal that a session has. */
export interface ControllingTerminal {
  /** `pts/0`, `tty1`; `tty 4:64` for a device that has no name here. */
  readonly name: string;
  /** The group in the foreground. */
  readonly foreground: number;
  /** Whoever owns the device; undefined where it was not recorded. */
  readonly uid: number | undefined;
  readonly rows: number | undefined;
  readonly columns: number | undefined;
}

const PTMX = [5, 2] as const;
const PTS_MAJOR = 136;
const PTS_MAJORS = 8;

/** By session. Both ends of a pseudo-terminal tell the session; the slave is the one that the session has. */
export async function readTerminals(
  images: ImageSet,
  options: SignalOptions = {},
): Promise<ReadonlyMap<number, ControllingTerminal>> {
  const terminals = new Map<number, ControllingTerminal>();
  for await (const { sid, pgrp, rdev, uid, winsize } of images.entries('tty-info', undefined, options)) {
    const [major, minor] = deviceNumbers(BigInt(rdev), true);
    if (sid === 0 || (major === PTMX[0] && minor === PTMX[1]) || terminals.has(sid)) continue;
    terminals.set(sid, {
      name: nameOf(major, minor),
      foreground: pgrp,
      uid,
      rows: winsize?.wsRow || undefined,
      columns: winsize?.wsCol || undefined,
    });
  }
  return terminals;
}

function nameOf(major: number, minor: number): string {
  if (major >= PTS_MAJOR && major < PTS_MAJOR + PTS_MAJORS) return `pts/${(major - PTS_MAJOR) * 256 + minor}`;
  if (major === 4 && minor < 64) return `tty${minor}`;
  if (major === 4) return `ttyS${minor - 64}`;
  if (major === 5 && minor === 1) return 'console';
  return `tty ${major}:${minor}`;
}
