/**
 * @generated from enum core_entry.march
 */
export const core_entry_march = {
  /**
   * @generated from enum value: UNKNOWN = 0;
   */
  UNKNOWN: 0,

  /**
   * @generated from enum value: X86_64 = 1;
   */
  X86_64: 1,

  /**
   * @generated from enum value: ARM = 2;
   */
  ARM: 2,

  /**
   * @generated from enum value: AARCH64 = 3;
   */
  AARCH64: 3,

  /**
   * @generated from enum value: PPC64 = 4;
   */
  PPC64: 4,

  /**
   * @generated from enum value: S390 = 5;
   */
  S390: 5,

  /**
   * @generated from enum value: MIPS = 6;
   */
  MIPS: 6,

  /**
   * @generated from enum value: LOONGARCH64 = 7;
   */
  LOONGARCH64: 7,

  /**
   * @generated from enum value: RISCV64 = 8;
   */
  RISCV64: 8,
} as const;
export type core_entry_march = (typeof core_entry_march)[keyof typeof core_entry_march];

/**
 * As SECCOMP_MODE_* of the kernel.
 *
 * @generated from enum seccomp_mode
 */
export const seccomp_mode = {
  /**
   * @generated from enum value: disabled = 0;
   */
  disabled: 0,

  /**
   * @generated from enum value: strict = 1;
   */
  strict: 1,

  /**
   * @generated from enum value: filter = 2;
   */
  filter: 2,
} as const;
export type seccomp_mode = (typeof seccomp_mode)[keyof typeof seccomp_mode];
