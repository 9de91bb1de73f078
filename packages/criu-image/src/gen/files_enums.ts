/**
 * @generated from enum fh_entry_sizes
 */
export const fh_entry_sizes = {
  /**
   * @generated from enum value: min_entries = 16;
   */
  min_entries: 16,
} as const;
export type fh_entry_sizes = (typeof fh_entry_sizes)[keyof typeof fh_entry_sizes];

/**
 * @generated from enum mark_type
 */
export const mark_type = {
  /**
   * @generated from enum value: INODE = 1;
   */
  INODE: 1,

  /**
   * @generated from enum value: MOUNT = 2;
   */
  MOUNT: 2,
} as const;
export type mark_type = (typeof mark_type)[keyof typeof mark_type];

/**
 * @generated from enum TtyType
 */
export const TtyType = {
  /**
   * @generated from enum value: UNKNOWN = 0;
   */
  UNKNOWN: 0,

  /**
   * @generated from enum value: PTY = 1;
   */
  PTY: 1,

  /**
   * @generated from enum value: CONSOLE = 2;
   */
  CONSOLE: 2,

  /**
   * @generated from enum value: VT = 3;
   */
  VT: 3,

  /**
   * @generated from enum value: CTTY = 4;
   */
  CTTY: 4,

  /**
   * @generated from enum value: EXT_TTY = 5;
   */
  EXT_TTY: 5,

  /**
   * @generated from enum value: SERIAL = 6;
   */
  SERIAL: 6,
} as const;
export type TtyType = (typeof TtyType)[keyof typeof TtyType];

/**
 * @generated from enum remap_type
 */
export const remap_type = {
  /**
   * @generated from enum value: LINKED = 0;
   */
  LINKED: 0,

  /**
   * @generated from enum value: GHOST = 1;
   */
  GHOST: 1,

  /**
   * @generated from enum value: PROCFS = 2;
   */
  PROCFS: 2,
} as const;
export type remap_type = (typeof remap_type)[keyof typeof remap_type];
