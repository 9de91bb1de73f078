/**
 * @generated from enum fstype
 */
export const fstype = {
  /**
   * @generated from enum value: UNSUPPORTED = 0;
   */
  UNSUPPORTED: 0,

  /**
   * @generated from enum value: PROC = 1;
   */
  PROC: 1,

  /**
   * @generated from enum value: SYSFS = 2;
   */
  SYSFS: 2,

  /**
   * @generated from enum value: DEVTMPFS = 3;
   */
  DEVTMPFS: 3,

  /**
   * @generated from enum value: BINFMT_MISC = 4;
   */
  BINFMT_MISC: 4,

  /**
   * @generated from enum value: TMPFS = 5;
   */
  TMPFS: 5,

  /**
   * @generated from enum value: DEVPTS = 6;
   */
  DEVPTS: 6,

  /**
   * @generated from enum value: SIMFS = 7;
   */
  SIMFS: 7,

  /**
   * @generated from enum value: PSTORE = 8;
   */
  PSTORE: 8,

  /**
   * @generated from enum value: SECURITYFS = 9;
   */
  SECURITYFS: 9,

  /**
   * @generated from enum value: FUSECTL = 10;
   */
  FUSECTL: 10,

  /**
   * @generated from enum value: DEBUGFS = 11;
   */
  DEBUGFS: 11,

  /**
   * @generated from enum value: CGROUP = 12;
   */
  CGROUP: 12,

  /**
   * @generated from enum value: AUFS = 13;
   */
  AUFS: 13,

  /**
   * @generated from enum value: MQUEUE = 14;
   */
  MQUEUE: 14,

  /**
   * @generated from enum value: FUSE = 15;
   */
  FUSE: 15,

  /**
   * @generated from enum value: AUTO = 16;
   */
  AUTO: 16,

  /**
   * @generated from enum value: OVERLAYFS = 17;
   */
  OVERLAYFS: 17,

  /**
   * @generated from enum value: AUTOFS = 18;
   */
  AUTOFS: 18,

  /**
   * @generated from enum value: TRACEFS = 19;
   */
  TRACEFS: 19,

  /**
   * @generated from enum value: CGROUP2 = 23;
   */
  CGROUP2: 23,
} as const;
export type fstype = (typeof fstype)[keyof typeof fstype];
