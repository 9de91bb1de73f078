/** The programs that hold containers: runc, crun where one wants it, conmon over either, catatonit in shared PID namespaces. */
import type { HostCheck } from './check.ts';
import { versionOf } from './version-of.ts';

export const runc: HostCheck = {
  id: 'runc',
  title: 'runc',
  required: true,
  probe: (context) => versionOf('runc', context, 'install the package runc'),
};

export const crun: HostCheck = {
  id: 'crun',
  title: 'crun (optional)',
  required: false,
  probe: (context) =>
    versionOf(
      'crun',
      context,
      'nothing to do: runc serves; pods may ask for crun by the runtime handler of that name where it is there',
    ),
};

export const conmon: HostCheck = {
  id: 'conmon',
  title: 'conmon',
  required: true,
  probe: (context) => versionOf('conmon', context, 'install the package conmon'),
};

export const catatonit: HostCheck = {
  id: 'catatonit',
  title: 'catatonit',
  required: false,
  probe: (context) =>
    versionOf('catatonit', context, 'install the package catatonit; pods that share processes need it'),
};
