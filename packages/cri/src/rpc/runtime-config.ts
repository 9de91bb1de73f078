import { CgroupDriver } from '../proto.ts';
import type { RuntimeRpc } from './rpc.ts';

export const runtimeConfig: RuntimeRpc<'runtimeConfig'> = () => async () => ({
  linux: { cgroupDriver: CgroupDriver.CGROUPFS },
});
