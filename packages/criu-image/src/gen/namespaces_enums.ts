/**
 * @generated from enum SysctlType
 */
export const SysctlType = {
  /**
   * @generated from enum value: CTL_STR = 5;
   */
  CTL_STR: 5,

  /**
   * @generated from enum value: CTL_32 = 6;
   */
  CTL_32: 6,
} as const;
export type SysctlType = (typeof SysctlType)[keyof typeof SysctlType];

/**
 * @generated from enum nd_type
 */
export const nd_type = {
  /**
   * @generated from enum value: LOOPBACK = 1;
   */
  LOOPBACK: 1,

  /**
   * @generated from enum value: VETH = 2;
   */
  VETH: 2,

  /**
   * @generated from enum value: TUN = 3;
   */
  TUN: 3,

  /**
   * @generated from enum value: EXTLINK = 4;
   */
  EXTLINK: 4,

  /**
   * @generated from enum value: VENET = 5;
   */
  VENET: 5,

  /**
   * @generated from enum value: BRIDGE = 6;
   */
  BRIDGE: 6,

  /**
   * @generated from enum value: MACVLAN = 7;
   */
  MACVLAN: 7,

  /**
   * @generated from enum value: SIT = 8;
   */
  SIT: 8,
} as const;
export type nd_type = (typeof nd_type)[keyof typeof nd_type];
