/**
 * @generated from enum cpuinfo_x86_entry.vendor
 */
export const cpuinfo_x86_entry_vendor = {
  /**
   * @generated from enum value: UNKNOWN = 0;
   */
  UNKNOWN: 0,

  /**
   * @generated from enum value: INTEL = 1;
   */
  INTEL: 1,

  /**
   * @generated from enum value: AMD = 2;
   */
  AMD: 2,
} as const;
export type cpuinfo_x86_entry_vendor = (typeof cpuinfo_x86_entry_vendor)[keyof typeof cpuinfo_x86_entry_vendor];

/**
 * @generated from enum cpuinfo_ppc64_entry.endianness
 */
export const cpuinfo_ppc64_entry_endianness = {
  /**
   * @generated from enum value: BIGENDIAN = 0;
   */
  BIGENDIAN: 0,

  /**
   * @generated from enum value: LITTLEENDIAN = 1;
   */
  LITTLEENDIAN: 1,
} as const;
export type cpuinfo_ppc64_entry_endianness = (typeof cpuinfo_ppc64_entry_endianness)[keyof typeof cpuinfo_ppc64_entry_endianness];

/**
 * The Linux security module that was active.
 *
 * @generated from enum lsmtype
 */
export const lsmtype = {
  /**
   * @generated from enum value: NO_LSM = 0;
   */
  NO_LSM: 0,

  /**
   * @generated from enum value: SELINUX = 1;
   */
  SELINUX: 1,

  /**
   * @generated from enum value: APPARMOR = 2;
   */
  APPARMOR: 2,
} as const;
export type lsmtype = (typeof lsmtype)[keyof typeof lsmtype];
