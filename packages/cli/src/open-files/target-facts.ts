/** What the tree says of a file beside its name. Raw text: made harmless where it is shown. */
import type { FanotifyMark, InotifyWatch, Kept, MemoryFile, MountPlace, Terminal } from '@stillframe/checkpoint';
import { ghostImage } from '@stillframe/checkpoint';
import { bytesText } from '@stillframe/core';

/** Items of a list that get a line. */
const LINES = 50;

/** What a row's target may hold; which of it is there depends on its type. */
interface AnyTarget {
  type: string;
  kept?: Kept;
  mount?: MountPlace;
  mountId?: number;
  memory?: MemoryFile;
  terminal?: Terminal;
  marks?: readonly FanotifyMark[];
  watches?: readonly (InotifyWatch | EpollView)[];
}

interface EpollView {
  fd: number;
  events: readonly string[];
  data: string;
  name?: string;
}

/** A line for each fact. `target`: that of a row. */
export function targetFacts(target: object): string[] {
  const { kept, mount, mountId, memory, terminal, marks, watches } = target as AnyTarget;
  return [
    ...(kept ? [keptText(kept)] : []),
    ...(mount ? [`mount ${mountId} at ${mount.mountpoint} (${mount.type} ${mount.source})`] : []),
    ...(memory ? [`seals: ${memory.seals.join(' ') || 'none'}, uid ${memory.uid}, gid ${memory.gid}`] : []),
    ...(terminal ? terminalTexts(terminal) : []),
    ...lines(watches, (watch) => ('fd' in watch ? epollText(watch) : inotifyText(watch))),
    ...lines(marks, markText),
  ];
}

function lines<T>(items: readonly T[] | undefined, text: (item: T) => string): string[] {
  if (!items) return [];
  const shown = items.slice(0, LINES).map(text);
  return items.length > LINES ? [...shown, `… and ${items.length - LINES} more`] : shown;
}

function keptText(kept: Kept): string {
  switch (kept.how) {
    case 'ghost':
      return `content in ${ghostImage(kept.ghostId)}${kept.present ? '' : ', which is missing'}`;
    case 'link':
      return `reached by the name of file ${kept.fileId}, which CRIU made`;
    case 'process':
      return `of /proc of process ${kept.pid}, which is gone`;
    default:
      return 'kept in a way that is not known here';
  }
}

function terminalTexts({ kind, index, device, sid, foreground, size, settings, queued, ...rest }: Terminal): string[] {
  const flags = [rest.locked ? 'locked' : '', rest.exclusive ? 'exclusive' : '', rest.packetMode ? 'packet mode' : ''];
  const waiting = queued.state === 'present' ? bytesText(queued.bytes) : `unknown (${queued.reason})`;
  return [
    [`${kind}${index === undefined ? '' : ` ${index}`}, device ${device}`, ...flags.filter(Boolean)].join(', '),
    `session ${sid || 'none'}, foreground group ${foreground || 'none'}, ${waiting} to be read`,
    ...(size ? [`${size.rows} rows, ${size.columns} columns`] : []),
    ...(settings
      ? [
          [...settings.input, ...settings.output, ...settings.control, ...settings.local, settings.speed ?? '?'].join(
            ' ',
          ),
        ]
      : []),
  ];
}

function epollText({ fd, events, data, name }: EpollView): string {
  return `watches fd ${fd}${name === undefined ? '' : ` (${name})`} for ${events.join(' ')}, data ${data}`;
}

function inotifyText({ descriptor, path, inode, device, handle, mask }: InotifyWatch): string {
  return `watch ${descriptor}: ${path ?? `handle ${handle.bytes}`} (inode ${inode} on ${device}) for ${mask.join(' ')}`;
}

function markText({ on, inode, mount, mask, ignored }: FanotifyMark): string {
  const place = inode
    ? `${inode.path ?? `handle ${inode.handle.bytes}`} (inode ${inode.inode} on ${inode.device})`
    : (mount?.path ?? `mount ${mount?.mountId ?? '?'}`);
  return `mark on ${on} ${place} for ${mask.join(' ')}${ignored.length > 0 ? `, not ${ignored.join(' ')}` : ''}`;
}
