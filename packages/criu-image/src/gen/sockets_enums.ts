/**
 * @generated from enum sk_shutdown
 */
export const sk_shutdown = {
  /**
   * @generated from enum value: NONE = 0;
   */
  NONE: 0,

  /**
   * @generated from enum value: READ = 1;
   */
  READ: 1,

  /**
   * @generated from enum value: WRITE = 2;
   */
  WRITE: 2,

  /**
   * @generated from enum value: BOTH = 3;
   */
  BOTH: 3,
} as const;
export type sk_shutdown = (typeof sk_shutdown)[keyof typeof sk_shutdown];
