/** What a container uses, in one shape for both versions of cgroups. Absent: this host does not tell. */

export interface CpuFigures {
  /** Nanoseconds of all cores since the start. */
  usage?: bigint;
  user?: bigint;
  system?: bigint;
  /** Periods of the quota, all and those in which it was used up; nanoseconds waited for it. */
  periods?: bigint;
  throttledPeriods?: bigint;
  throttledTime?: bigint;
}

/** Bytes, and numbers of events. */
export interface MemoryFigures {
  usage?: bigint;
  /** Usage without the file pages that the kernel would drop first. */
  workingSet?: bigint;
  rss?: bigint;
  cache?: bigint;
  mappedFile?: bigint;
  kernel?: bigint;
  swap?: bigint;
  peak?: bigint;
  limit?: bigint;
  limitHits?: bigint;
  pageFaults?: bigint;
  majorPageFaults?: bigint;
  oomKills?: bigint;
}

export interface DeviceIo {
  /** `major:minor`. */
  device: string;
  readBytes: bigint;
  writeBytes: bigint;
  reads: bigint;
  writes: bigint;
}

/** Microseconds in which some, and in which all, processes waited. */
export interface Pressure {
  some: PressureRow;
  full: PressureRow;
}

export interface PressureRow {
  total: bigint;
  avg10: number;
  avg60: number;
  avg300: number;
}

export interface CgroupFigures {
  /** Nanoseconds since 1970 at which the figures were read. */
  at: bigint;
  cpu: CpuFigures;
  memory: MemoryFigures;
  io: DeviceIo[];
  processes?: bigint;
  processLimit?: bigint;
  pressure: Partial<Record<'cpu' | 'memory' | 'io', Pressure>>;
}
