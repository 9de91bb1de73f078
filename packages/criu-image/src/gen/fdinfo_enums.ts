/**
 * @generated from enum fd_types
 */
export const fd_types = {
  /**
   * @generated from enum value: UND = 0;
   */
  UND: 0,

  /**
   * @generated from enum value: REG = 1;
   */
  REG: 1,

  /**
   * @generated from enum value: PIPE = 2;
   */
  PIPE: 2,

  /**
   * @generated from enum value: FIFO = 3;
   */
  FIFO: 3,

  /**
   * @generated from enum value: INETSK = 4;
   */
  INETSK: 4,

  /**
   * @generated from enum value: UNIXSK = 5;
   */
  UNIXSK: 5,

  /**
   * @generated from enum value: EVENTFD = 6;
   */
  EVENTFD: 6,

  /**
   * @generated from enum value: EVENTPOLL = 7;
   */
  EVENTPOLL: 7,

  /**
   * @generated from enum value: INOTIFY = 8;
   */
  INOTIFY: 8,

  /**
   * @generated from enum value: SIGNALFD = 9;
   */
  SIGNALFD: 9,

  /**
   * @generated from enum value: PACKETSK = 10;
   */
  PACKETSK: 10,

  /**
   * @generated from enum value: TTY = 11;
   */
  TTY: 11,

  /**
   * @generated from enum value: FANOTIFY = 12;
   */
  FANOTIFY: 12,

  /**
   * @generated from enum value: NETLINKSK = 13;
   */
  NETLINKSK: 13,

  /**
   * @generated from enum value: NS = 14;
   */
  NS: 14,

  /**
   * @generated from enum value: TUNF = 15;
   */
  TUNF: 15,

  /**
   * @generated from enum value: EXT = 16;
   */
  EXT: 16,

  /**
   * @generated from enum value: TIMERFD = 17;
   */
  TIMERFD: 17,

  /**
   * @generated from enum value: MEMFD = 18;
   */
  MEMFD: 18,

  /**
   * @generated from enum value: BPFMAP = 19;
   */
  BPFMAP: 19,

  /**
   * @generated from enum value: PIDFD = 20;
   */
  PIDFD: 20,

  /**
   * @generated from enum value: CTL_TTY = 65534;
   */
  CTL_TTY: 65534,

  /**
   * @generated from enum value: AUTOFS_PIPE = 65535;
   */
  AUTOFS_PIPE: 65535,
} as const;
export type fd_types = (typeof fd_types)[keyof typeof fd_types];
