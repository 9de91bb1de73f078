/**
 * @generated from enum user_x86_regs_mode
 */
export const user_x86_regs_mode = {
  /**
   * @generated from enum value: NATIVE = 1;
   */
  NATIVE: 1,

  /**
   * @generated from enum value: COMPAT = 2;
   */
  COMPAT: 2,
} as const;
export type user_x86_regs_mode = (typeof user_x86_regs_mode)[keyof typeof user_x86_regs_mode];
