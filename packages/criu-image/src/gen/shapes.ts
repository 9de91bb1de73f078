/** The fields of each message and the values of each enum, as texts. Made by `npm run gen` (scripts/shapes.ts). */
import type * as proto from '../proto.ts';

/** The type of each message by its name. */
export interface Messages {
  creds_entry: proto.creds_entry;
  seccomp_filter: proto.seccomp_filter;
  seccomp_entry: proto.seccomp_entry;
  aa_policy: proto.aa_policy;
  aa_namespace: proto.aa_namespace;
  apparmor_entry: proto.apparmor_entry;
  cgroup_perms: proto.cgroup_perms;
  cgroup_prop_entry: proto.cgroup_prop_entry;
  cgroup_dir_entry: proto.cgroup_dir_entry;
  cg_controller_entry: proto.cg_controller_entry;
  cg_member_entry: proto.cg_member_entry;
  cg_set_entry: proto.cg_set_entry;
  cgroup_entry: proto.cgroup_entry;
  CRIU_Opts: proto.CRIU_Opts;
  fown_entry: proto.fown_entry;
  reg_file_entry: proto.reg_file_entry;
  ns_file_entry: proto.ns_file_entry;
  ext_file_entry: proto.ext_file_entry;
  eventfd_file_entry: proto.eventfd_file_entry;
  eventpoll_tfd_entry: proto.eventpoll_tfd_entry;
  eventpoll_file_entry: proto.eventpoll_file_entry;
  signalfd_entry: proto.signalfd_entry;
  timerfd_entry: proto.timerfd_entry;
  pidfd_entry: proto.pidfd_entry;
  memfd_file_entry: proto.memfd_file_entry;
  bpfmap_file_entry: proto.bpfmap_file_entry;
  bpfmap_data_entry: proto.bpfmap_data_entry;
  pipe_entry: proto.pipe_entry;
  pipe_data_entry: proto.pipe_data_entry;
  fifo_entry: proto.fifo_entry;
  fh_entry: proto.fh_entry;
  irmap_cache_entry: proto.irmap_cache_entry;
  inotify_wd_entry: proto.inotify_wd_entry;
  inotify_file_entry: proto.inotify_file_entry;
  fanotify_inode_mark_entry: proto.fanotify_inode_mark_entry;
  fanotify_mount_mark_entry: proto.fanotify_mount_mark_entry;
  fanotify_mark_entry: proto.fanotify_mark_entry;
  fanotify_file_entry: proto.fanotify_file_entry;
  winsize_entry: proto.winsize_entry;
  termios_entry: proto.termios_entry;
  tty_pty_entry: proto.tty_pty_entry;
  tty_data_entry: proto.tty_data_entry;
  tty_info_entry: proto.tty_info_entry;
  tty_file_entry: proto.tty_file_entry;
  tunfile_entry: proto.tunfile_entry;
  file_lock_entry: proto.file_lock_entry;
  fs_entry: proto.fs_entry;
  remap_file_path_entry: proto.remap_file_path_entry;
  timeval: proto.timeval;
  ghost_file_entry: proto.ghost_file_entry;
  ghost_chunk_entry: proto.ghost_chunk_entry;
  sk_opts_entry: proto.sk_opts_entry;
  ip_opts_raw_entry: proto.ip_opts_raw_entry;
  ip_opts_entry: proto.ip_opts_entry;
  tcp_opts_entry: proto.tcp_opts_entry;
  inet_sk_entry: proto.inet_sk_entry;
  tcp_stream_entry: proto.tcp_stream_entry;
  file_perms_entry: proto.file_perms_entry;
  unix_sk_entry: proto.unix_sk_entry;
  packet_mclist: proto.packet_mclist;
  packet_ring: proto.packet_ring;
  packet_sock_entry: proto.packet_sock_entry;
  netlink_sk_entry: proto.netlink_sk_entry;
  scm_entry: proto.scm_entry;
  sk_packet_entry: proto.sk_packet_entry;
  fdinfo_entry: proto.fdinfo_entry;
  file_entry: proto.file_entry;
  user_x86_regs_entry: proto.user_x86_regs_entry;
  user_x86_cet_entry: proto.user_x86_cet_entry;
  user_x86_xsave_entry: proto.user_x86_xsave_entry;
  user_x86_fpregs_entry: proto.user_x86_fpregs_entry;
  user_desc_t: proto.user_desc_t;
  thread_info_x86: proto.thread_info_x86;
  user_arm_regs_entry: proto.user_arm_regs_entry;
  user_arm_vfpstate_entry: proto.user_arm_vfpstate_entry;
  thread_info_arm: proto.thread_info_arm;
  user_aarch64_regs_entry: proto.user_aarch64_regs_entry;
  user_aarch64_fpsimd_context_entry: proto.user_aarch64_fpsimd_context_entry;
  pac_address_keys: proto.pac_address_keys;
  pac_generic_keys: proto.pac_generic_keys;
  pac_keys: proto.pac_keys;
  thread_info_aarch64: proto.thread_info_aarch64;
  user_ppc64_regs_entry: proto.user_ppc64_regs_entry;
  user_ppc64_fpstate_entry: proto.user_ppc64_fpstate_entry;
  user_ppc64_vrstate_entry: proto.user_ppc64_vrstate_entry;
  user_ppc64_vsxstate_entry: proto.user_ppc64_vsxstate_entry;
  user_ppc64_tm_regs_entry: proto.user_ppc64_tm_regs_entry;
  thread_info_ppc64: proto.thread_info_ppc64;
  user_s390_regs_entry: proto.user_s390_regs_entry;
  user_s390_vxrs_low_entry: proto.user_s390_vxrs_low_entry;
  user_s390_vxrs_high_entry: proto.user_s390_vxrs_high_entry;
  user_s390_fpregs_entry: proto.user_s390_fpregs_entry;
  user_s390_gs_cb_entry: proto.user_s390_gs_cb_entry;
  user_s390_ri_entry: proto.user_s390_ri_entry;
  thread_info_s390: proto.thread_info_s390;
  user_mips_regs_entry: proto.user_mips_regs_entry;
  user_mips_fpregs_entry: proto.user_mips_fpregs_entry;
  thread_info_mips: proto.thread_info_mips;
  user_loongarch64_gpregs_entry: proto.user_loongarch64_gpregs_entry;
  user_loongarch64_fpregs_entry: proto.user_loongarch64_fpregs_entry;
  thread_info_loongarch64: proto.thread_info_loongarch64;
  user_riscv64_regs_entry: proto.user_riscv64_regs_entry;
  user_riscv64_d_ext_entry: proto.user_riscv64_d_ext_entry;
  thread_info_riscv64: proto.thread_info_riscv64;
  pstree_entry: proto.pstree_entry;
  rlimit_entry: proto.rlimit_entry;
  task_rlimits_entry: proto.task_rlimits_entry;
  itimer_entry: proto.itimer_entry;
  posix_timer_entry: proto.posix_timer_entry;
  task_timers_entry: proto.task_timers_entry;
  sa_entry: proto.sa_entry;
  siginfo_entry: proto.siginfo_entry;
  signal_queue_entry: proto.signal_queue_entry;
  rseq_entry: proto.rseq_entry;
  thread_sas_entry: proto.thread_sas_entry;
  task_kobj_ids_entry: proto.task_kobj_ids_entry;
  task_core_entry: proto.task_core_entry;
  thread_core_entry: proto.thread_core_entry;
  core_entry: proto.core_entry;
  plugins_entry: proto.plugins_entry;
  inventory_entry: proto.inventory_entry;
  dump_stats_entry: proto.dump_stats_entry;
  restore_stats_entry: proto.restore_stats_entry;
  stats_entry: proto.stats_entry;
  cpuinfo_x86_entry: proto.cpuinfo_x86_entry;
  cpuinfo_ppc64_entry: proto.cpuinfo_ppc64_entry;
  cpuinfo_s390_entry: proto.cpuinfo_s390_entry;
  cpuinfo_entry: proto.cpuinfo_entry;
  ipc_desc_entry: proto.ipc_desc_entry;
  ipc_var_entry: proto.ipc_var_entry;
  ipc_shm_entry: proto.ipc_shm_entry;
  ipc_msg: proto.ipc_msg;
  ipc_msg_entry: proto.ipc_msg_entry;
  ipc_sem_entry: proto.ipc_sem_entry;
  vma_entry: proto.vma_entry;
  aio_ring_entry: proto.aio_ring_entry;
  mm_entry: proto.mm_entry;
  pagemap_head: proto.pagemap_head;
  pagemap_entry: proto.pagemap_entry;
  memfd_inode_entry: proto.memfd_inode_entry;
  mnt_entry: proto.mnt_entry;
  autofs_entry: proto.autofs_entry;
  binfmt_misc_entry: proto.binfmt_misc_entry;
  utsns_entry: proto.utsns_entry;
  timespec: proto.timespec;
  timens_entry: proto.timens_entry;
  pidns_entry: proto.pidns_entry;
  uid_gid_extent: proto.uid_gid_extent;
  userns_entry: proto.userns_entry;
  sysctl_entry: proto.sysctl_entry;
  tun_link_entry: proto.tun_link_entry;
  macvlan_link_entry: proto.macvlan_link_entry;
  sit_entry: proto.sit_entry;
  net_device_entry: proto.net_device_entry;
  netns_id: proto.netns_id;
  netns_entry: proto.netns_entry;
}

export const MESSAGES: Readonly<Record<keyof Messages, string>> = {
  creds_entry: '1 uid uint32 !,2 gid uint32 !,3 euid uint32 !,4 egid uint32 !,5 suid uint32 !,6 sgid uint32 !,7 fsuid uint32 !,8 fsgid uint32 !,9 cap_inh uint32 *,10 cap_prm uint32 *,11 cap_eff uint32 *,12 cap_bnd uint32 *,13 secbits uint32 !,14 groups uint32 *,15 lsm_profile string ?,16 lsm_sockcreate string ?,17 apparmor_data bytes ?,18 no_new_privs uint32 ?,19 cap_amb uint32 *',
  seccomp_filter: '1 filter bytes !,2 prev uint32 ?,3 flags uint32 ?',
  seccomp_entry: '1 seccomp_filters seccomp_filter *',
  aa_policy: '1 name string !,2 blob bytes !',
  aa_namespace: '1 name string !,2 policies aa_policy *,3 namespaces aa_namespace *',
  apparmor_entry: '1 namespaces aa_namespace *',
  cgroup_perms: '1 mode uint32 !,2 uid uint32 !,3 gid uint32 !',
  cgroup_prop_entry: '1 name string !,2 value string !,3 perms cgroup_perms ?',
  cgroup_dir_entry: '1 dir_name string !,2 children cgroup_dir_entry *,3 properties cgroup_prop_entry *,4 dir_perms cgroup_perms ?',
  cg_controller_entry: '1 cnames string *,2 dirs cgroup_dir_entry *,3 is_threaded bool ?',
  cg_member_entry: '1 name string !,2 path string !,3 cgns_prefix uint32 ?',
  cg_set_entry: '1 id uint32 !,2 ctls cg_member_entry *',
  cgroup_entry: '1 sets cg_set_entry *,2 controllers cg_controller_entry *',
  CRIU_Opts: '1 hex bool ?,2 ipadd bool ?,3 flags string ?,4 dev bool ?,5 odev bool ?,6 dict string ?,7 conv string ?',
  fown_entry: '1 uid uint32 !,2 euid uint32 !,3 signum uint32 !,4 pid_type uint32 !,5 pid uint32 !',
  reg_file_entry: '1 id uint32 !,2 flags uint32 ! flags=rfile.flags,3 pos uint64 !,5 fown fown_entry !,6 name string !,7 mnt_id sint32 ? =-1,8 size uint64 ?,9 ext bool ?,10 mode uint32 ?,11 build_id uint32 *,12 checksum uint32 ?,13 checksum_config uint32 ?,14 checksum_parameter uint32 ?',
  ns_file_entry: '1 id uint32 !,2 ns_id uint32 !,3 ns_cflag uint32 !,4 flags uint32 !',
  ext_file_entry: '1 id uint32 !,5 fown fown_entry !',
  eventfd_file_entry: '1 id uint32 !,2 flags uint32 !,3 fown fown_entry !,4 counter uint64 !',
  eventpoll_tfd_entry: '1 id uint32 !,2 tfd uint32 !,3 events uint32 !,4 data uint64 !,5 dev uint32 ?,6 inode uint64 ?,7 pos uint64 ?',
  eventpoll_file_entry: '1 id uint32 !,2 flags uint32 !,3 fown fown_entry !,4 tfd eventpoll_tfd_entry *',
  signalfd_entry: '1 id uint32 !,2 flags uint32 ! hex,3 fown fown_entry !,4 sigmask uint64 ! hex',
  timerfd_entry: '1 id uint32 !,2 flags uint32 ! hex,3 fown fown_entry !,4 clockid uint32 !,5 ticks uint64 !,6 settime_flags uint32 ! hex,7 vsec uint64 !,8 vnsec uint64 !,9 isec uint64 !,10 insec uint64 !',
  pidfd_entry: '1 id uint32 !,2 ino uint32 !,3 flags uint32 !,4 nspid int32 !,5 fown fown_entry !',
  memfd_file_entry: '1 id uint32 !,2 flags uint32 ! flags=rfile.flags,3 pos uint64 !,4 fown fown_entry !,5 inode_id uint32 !',
  bpfmap_file_entry: '1 id uint32 !,2 flags uint32 ! flags=rfile.flags,3 pos uint64 !,4 fown fown_entry !,5 map_type uint32 !,6 key_size uint32 !,7 value_size uint32 !,8 map_id uint32 !,9 max_entries uint32 !,10 map_flags uint32 !,11 memlock uint64 !,12 frozen bool ! =false,13 map_name string !,14 ifindex uint32 ! =0,15 mnt_id sint32 ? =-1,16 map_extra uint64 ?',
  bpfmap_data_entry: '1 map_id uint32 !,2 keys_bytes uint32 !,3 values_bytes uint32 !,4 count uint32 !',
  pipe_entry: '1 id uint32 !,2 pipe_id uint32 !,3 flags uint32 ! hex,4 fown fown_entry !',
  pipe_data_entry: '1 pipe_id uint32 !,2 bytes uint32 !,3 size uint32 ?',
  fifo_entry: '1 id uint32 !,2 pipe_id uint32 !,3 regf_id uint32 ?',
  fh_entry: '1 bytes uint32 !,2 type uint32 !,3 handle uint64 *,4 path string ?,5 mnt_id uint32 ?',
  irmap_cache_entry: '1 dev uint32 ! dev odev,2 inode uint64 !,3 path string !',
  inotify_wd_entry: '1 id uint32 !,2 i_ino uint64 !,3 mask uint32 ! hex,4 ignored_mask uint32 ! hex,5 s_dev uint32 ! dev,6 wd uint32 !,7 f_handle fh_entry !',
  inotify_file_entry: '1 id uint32 !,2 flags uint32 ! hex,4 fown fown_entry !,5 wd inotify_wd_entry *',
  fanotify_inode_mark_entry: '1 i_ino uint64 !,2 f_handle fh_entry !',
  fanotify_mount_mark_entry: '1 mnt_id uint32 !,2 path string ?',
  fanotify_mark_entry: '1 id uint32 !,2 type mark_type !,3 mflags uint32 ! hex,4 mask uint32 ! hex,5 ignored_mask uint32 ! hex,6 s_dev uint32 ! dev,7 ie fanotify_inode_mark_entry ?,8 me fanotify_mount_mark_entry ?',
  fanotify_file_entry: '1 id uint32 !,2 flags uint32 ! hex,3 fown fown_entry !,4 faflags uint32 ! hex,5 evflags uint32 ! hex,6 mark fanotify_mark_entry *',
  winsize_entry: '1 ws_row uint32 !,2 ws_col uint32 !,3 ws_xpixel uint32 !,4 ws_ypixel uint32 !',
  termios_entry: '1 c_iflag uint32 !,2 c_oflag uint32 !,3 c_cflag uint32 !,4 c_lflag uint32 !,5 c_line uint32 !,6 c_ispeed uint32 !,7 c_ospeed uint32 !,8 c_cc uint32 *',
  tty_pty_entry: '1 index uint32 !',
  tty_data_entry: '1 tty_id uint32 !,2 data bytes !',
  tty_info_entry: '1 id uint32 !,2 type TtyType !,3 locked bool !,4 exclusive bool !,5 packet_mode bool !,6 sid uint32 !,7 pgrp uint32 !,8 rdev uint32 !,9 termios termios_entry ?,10 termios_locked termios_entry ?,11 winsize winsize_entry ?,12 pty tty_pty_entry ?,13 dev uint32 ?,14 uid uint32 ?,15 gid uint32 ?',
  tty_file_entry: '1 id uint32 !,2 tty_info_id uint32 !,3 flags uint32 ! hex,4 fown fown_entry !,6 regf_id uint32 ?',
  tunfile_entry: '1 id uint32 !,2 netdev string ?,3 detached bool ?,4 ns_id uint32 ?',
  file_lock_entry: '1 flag uint32 !,2 type uint32 !,3 pid int32 !,4 fd int32 !,5 start int64 !,6 len int64 !',
  fs_entry: '1 cwd_id uint32 !,2 root_id uint32 !,3 umask uint32 ?',
  remap_file_path_entry: '1 orig_id uint32 !,2 remap_id uint32 !,3 remap_type remap_type ?',
  timeval: '1 tv_sec uint64 !,2 tv_usec uint64 !',
  ghost_file_entry: '1 uid uint32 !,2 gid uint32 !,3 mode uint32 !,4 dev uint32 ? dev,5 ino uint64 ?,6 rdev uint32 ? dev odev,7 atim timeval ?,8 mtim timeval ?,9 chunks bool ?,10 size uint64 ?,11 symlnk_target string ?',
  ghost_chunk_entry: '1 len uint64 !,2 off uint64 !',
  sk_opts_entry: '1 so_sndbuf uint32 !,2 so_rcvbuf uint32 !,3 so_snd_tmo_sec uint64 !,4 so_snd_tmo_usec uint64 !,5 so_rcv_tmo_sec uint64 !,6 so_rcv_tmo_usec uint64 !,7 reuseaddr bool ?,8 so_priority uint32 ?,9 so_rcvlowat uint32 ?,10 so_mark uint32 ?,11 so_passcred bool ?,12 so_passsec bool ?,13 so_dontroute bool ?,14 so_no_check bool ?,15 so_bound_dev string ?,16 so_filter fixed64 *,17 so_reuseport bool ?,18 so_broadcast bool ?,19 so_keepalive bool ?,20 tcp_keepcnt uint32 ?,21 tcp_keepidle uint32 ?,22 tcp_keepintvl uint32 ?,23 so_oobinline uint32 ?,24 so_linger uint32 ?,25 so_buf_lock uint32 ?',
  ip_opts_raw_entry: '1 hdrincl bool ?,2 nodefrag bool ?,3 checksum bool ?,4 icmpv_filter uint32 *',
  ip_opts_entry: '1 freebind bool ?,4 raw ip_opts_raw_entry ?,5 pktinfo bool ?,6 tos uint32 ?,7 ttl uint32 ?',
  tcp_opts_entry: '1 cork bool ?,2 nodelay bool ?,3 keepcnt uint32 ?,4 keepidle uint32 ?,5 keepintvl uint32 ?',
  inet_sk_entry: '1 id uint32 !,2 ino uint32 !,3 family uint32 ! dict=sk,4 type uint32 ! dict=sk,5 proto uint32 ! dict=sk,6 state uint32 ! dict=sk,7 src_port uint32 !,8 dst_port uint32 !,9 flags uint32 ! hex,10 backlog uint32 !,11 src_addr uint32 * ipadd,12 dst_addr uint32 * ipadd,13 fown fown_entry !,14 opts sk_opts_entry !,15 v6only bool ?,16 ip_opts ip_opts_entry ?,17 ifname string ?,18 ns_id uint32 ?,19 shutdown sk_shutdown ?,20 tcp_opts tcp_opts_entry ?',
  tcp_stream_entry: '1 inq_len uint32 !,2 inq_seq uint32 !,3 outq_len uint32 !,4 outq_seq uint32 !,5 opt_mask uint32 ! hex,6 snd_wscale uint32 !,7 mss_clamp uint32 !,8 rcv_wscale uint32 ?,9 timestamp uint32 ?,10 cork bool ?,11 nodelay bool ?,12 unsq_len uint32 ?,13 snd_wl1 uint32 ?,14 snd_wnd uint32 ?,15 max_window uint32 ?,16 rcv_wnd uint32 ?,17 rcv_wup uint32 ?',
  file_perms_entry: '1 mode uint32 !,2 uid uint32 !,3 gid uint32 !',
  unix_sk_entry: '1 id uint32 !,2 ino uint32 !,3 type uint32 ! dict=sk,4 state uint32 ! dict=sk,5 flags uint32 ! hex,6 uflags uint32 ! hex,7 backlog uint32 !,8 peer uint32 !,9 fown fown_entry !,10 opts sk_opts_entry !,11 name bytes ! conv=unix_name,12 shutdown sk_shutdown ?,13 file_perms file_perms_entry ?,14 name_dir string ?,15 deleted bool ?,16 ns_id uint32 ?,17 mnt_id sint32 ? =-1',
  packet_mclist: '1 index uint32 !,2 type uint32 !,3 addr bytes !',
  packet_ring: '1 block_size uint32 !,2 block_nr uint32 !,3 frame_size uint32 !,4 frame_nr uint32 !,5 retire_tmo uint32 !,6 sizeof_priv uint32 !,7 features uint32 !',
  packet_sock_entry: '1 id uint32 !,2 type uint32 !,3 protocol uint32 !,4 flags uint32 ! hex,5 ifindex uint32 !,6 fown fown_entry !,7 opts sk_opts_entry !,8 version uint32 !,9 reserve uint32 !,10 aux_data bool !,11 orig_dev bool !,12 vnet_hdr bool !,13 loss bool !,14 timestamp uint32 !,15 copy_thresh uint32 !,16 mclist packet_mclist *,17 fanout uint32 ? =4294967295,18 rx_ring packet_ring ?,19 tx_ring packet_ring ?,20 ns_id uint32 ?',
  netlink_sk_entry: '1 id uint32 !,2 ino uint32 !,3 protocol uint32 !,4 state uint32 !,6 flags uint32 ! hex,7 portid uint32 !,8 groups uint32 *,9 dst_portid uint32 !,10 dst_group uint32 !,11 fown fown_entry !,12 opts sk_opts_entry !,13 ns_id uint32 ?',
  scm_entry: '1 type uint32 !,2 rights uint32 *',
  sk_packet_entry: '1 id_for uint32 !,2 length uint32 !,4 scm scm_entry *',
  fdinfo_entry: '1 id uint32 !,2 flags uint32 !,3 type fd_types !,4 fd uint32 !,5 xattr_security_selinux string ?',
  file_entry: '1 type fd_types !,2 id uint32 !,3 reg reg_file_entry ?,4 isk inet_sk_entry ?,5 nsf ns_file_entry ?,6 psk packet_sock_entry ?,7 nlsk netlink_sk_entry ?,8 efd eventfd_file_entry ?,9 epfd eventpoll_file_entry ?,10 sgfd signalfd_entry ?,11 tunf tunfile_entry ?,12 tfd timerfd_entry ?,13 ify inotify_file_entry ?,14 ffy fanotify_file_entry ?,15 ext ext_file_entry ?,16 usk unix_sk_entry ?,17 fifo fifo_entry ?,18 pipe pipe_entry ?,19 tty tty_file_entry ?,20 memfd memfd_file_entry ?,21 bpf bpfmap_file_entry ?,22 pidfd pidfd_entry ?',
  user_x86_regs_entry: '1 r15 uint64 !,2 r14 uint64 !,3 r13 uint64 !,4 r12 uint64 !,5 bp uint64 !,6 bx uint64 !,7 r11 uint64 !,8 r10 uint64 !,9 r9 uint64 !,10 r8 uint64 !,11 ax uint64 !,12 cx uint64 !,13 dx uint64 !,14 si uint64 !,15 di uint64 !,16 orig_ax uint64 !,17 ip uint64 !,18 cs uint64 !,19 flags uint64 !,20 sp uint64 !,21 ss uint64 !,22 fs_base uint64 !,23 gs_base uint64 !,24 ds uint64 !,25 es uint64 !,26 fs uint64 !,27 gs uint64 !,28 mode user_x86_regs_mode ? =NATIVE',
  user_x86_cet_entry: '1 cet uint64 ! hex,2 ssp uint64 ! hex',
  user_x86_xsave_entry: '1 xstate_bv uint64 !,2 ymmh_space uint32 *,3 bndreg_state uint64 *,4 bndcsr_state uint64 *,5 opmask_reg uint64 *,6 zmm_upper uint64 *,7 hi16_zmm uint64 *,8 pkru uint32 *,9 cet user_x86_cet_entry ?',
  user_x86_fpregs_entry: '1 cwd uint32 !,2 swd uint32 !,3 twd uint32 !,4 fop uint32 !,5 rip uint64 !,6 rdp uint64 !,7 mxcsr uint32 !,8 mxcsr_mask uint32 !,9 st_space uint32 *,10 xmm_space uint32 *,11 padding uint32 *,13 xsave user_x86_xsave_entry ?',
  user_desc_t: '1 entry_number uint32 !,2 base_addr uint32 !,3 limit uint32 !,4 seg_32bit bool !,5 contents_h bool !,6 contents_l bool !,7 read_exec_only bool ! =true,8 limit_in_pages bool !,9 seg_not_present bool ! =true,10 usable bool !',
  thread_info_x86: '1 clear_tid_addr uint64 ! hex,2 gpregs user_x86_regs_entry ! hex,3 fpregs user_x86_fpregs_entry !,4 tls user_desc_t *',
  user_arm_regs_entry: '1 r0 uint32 !,2 r1 uint32 !,3 r2 uint32 !,4 r3 uint32 !,5 r4 uint32 !,6 r5 uint32 !,7 r6 uint32 !,8 r7 uint32 !,9 r8 uint32 !,10 r9 uint32 !,11 r10 uint32 !,12 fp uint32 !,13 ip uint32 !,14 sp uint32 !,15 lr uint32 !,16 pc uint32 !,17 cpsr uint32 !,18 orig_r0 uint32 !',
  user_arm_vfpstate_entry: '1 vfp_regs uint64 *,2 fpscr uint32 !,3 fpexc uint32 !,4 fpinst uint32 !,5 fpinst2 uint32 !',
  thread_info_arm: '1 clear_tid_addr uint64 ! hex,2 tls uint32 !,3 gpregs user_arm_regs_entry ! hex,4 fpstate user_arm_vfpstate_entry !',
  user_aarch64_regs_entry: '1 regs uint64 *,2 sp uint64 !,3 pc uint64 !,4 pstate uint64 !',
  user_aarch64_fpsimd_context_entry: '1 vregs uint64 *,2 fpsr uint32 !,3 fpcr uint32 !',
  pac_address_keys: '1 apiakey_lo uint64 !,2 apiakey_hi uint64 !,3 apibkey_lo uint64 !,4 apibkey_hi uint64 !,5 apdakey_lo uint64 !,6 apdakey_hi uint64 !,7 apdbkey_lo uint64 !,8 apdbkey_hi uint64 !,9 pac_enabled_key uint64 !',
  pac_generic_keys: '1 apgakey_lo uint64 !,2 apgakey_hi uint64 !',
  pac_keys: '6 pac_address_keys pac_address_keys ?,7 pac_generic_keys pac_generic_keys ?',
  thread_info_aarch64: '1 clear_tid_addr uint64 ! hex,2 tls uint64 !,3 gpregs user_aarch64_regs_entry ! hex,4 fpsimd user_aarch64_fpsimd_context_entry !,5 pac_keys pac_keys ?',
  user_ppc64_regs_entry: '1 gpr uint64 *,2 nip uint64 !,3 msr uint64 !,4 orig_gpr3 uint64 !,5 ctr uint64 !,6 link uint64 !,7 xer uint64 !,8 ccr uint64 !,9 trap uint64 !,10 texasr uint64 ?,11 tfhar uint64 ?,12 tfiar uint64 ?',
  user_ppc64_fpstate_entry: '1 fpregs uint64 *',
  user_ppc64_vrstate_entry: '1 vrregs uint64 *,2 vrsave uint32 !',
  user_ppc64_vsxstate_entry: '1 vsxregs uint64 *',
  user_ppc64_tm_regs_entry: '1 gpregs user_ppc64_regs_entry !,2 fpstate user_ppc64_fpstate_entry ?,3 vrstate user_ppc64_vrstate_entry ?,4 vsxstate user_ppc64_vsxstate_entry ?',
  thread_info_ppc64: '1 clear_tid_addr uint64 ! hex,2 gpregs user_ppc64_regs_entry ! hex,3 fpstate user_ppc64_fpstate_entry ?,4 vrstate user_ppc64_vrstate_entry ?,5 vsxstate user_ppc64_vsxstate_entry ?,6 tmstate user_ppc64_tm_regs_entry ?',
  user_s390_regs_entry: '1 psw_mask uint64 !,2 psw_addr uint64 !,3 gprs uint64 *,4 acrs uint32 *,5 orig_gpr2 uint64 !,6 system_call uint32 !',
  user_s390_vxrs_low_entry: '1 regs uint64 *',
  user_s390_vxrs_high_entry: '1 regs uint64 *',
  user_s390_fpregs_entry: '1 fpc uint32 !,2 fprs uint64 *',
  user_s390_gs_cb_entry: '1 regs uint64 *',
  user_s390_ri_entry: '1 ri_on uint32 !,2 regs uint64 *',
  thread_info_s390: '1 clear_tid_addr uint64 ! hex,2 gpregs user_s390_regs_entry ! hex,3 fpregs user_s390_fpregs_entry ! hex,4 vxrs_low user_s390_vxrs_low_entry ? hex,5 vxrs_high user_s390_vxrs_high_entry ? hex,6 gs_cb user_s390_gs_cb_entry ? hex,7 gs_bc user_s390_gs_cb_entry ? hex,8 ri_cb user_s390_ri_entry ? hex',
  user_mips_regs_entry: '1 r0 uint64 !,2 r1 uint64 !,3 r2 uint64 !,4 r3 uint64 !,5 r4 uint64 !,6 r5 uint64 !,7 r6 uint64 !,8 r7 uint64 !,9 r8 uint64 !,10 r9 uint64 !,11 r10 uint64 !,12 r11 uint64 !,13 r12 uint64 !,14 r13 uint64 !,15 r14 uint64 !,16 r15 uint64 !,17 r16 uint64 !,18 r17 uint64 !,19 r18 uint64 !,20 r19 uint64 !,21 r20 uint64 !,22 r21 uint64 !,23 r22 uint64 !,24 r23 uint64 !,25 r24 uint64 !,26 r25 uint64 !,27 r26 uint64 !,28 r27 uint64 !,29 r28 uint64 !,30 r29 uint64 !,31 r30 uint64 !,32 r31 uint64 !,33 lo uint64 !,34 hi uint64 !,35 cp0_epc uint64 !,36 cp0_badvaddr uint64 !,37 cp0_status uint64 !,38 cp0_cause uint64 !',
  user_mips_fpregs_entry: '1 r0 uint64 !,2 r1 uint64 !,3 r2 uint64 !,4 r3 uint64 !,5 r4 uint64 !,6 r5 uint64 !,7 r6 uint64 !,8 r7 uint64 !,9 r8 uint64 !,10 r9 uint64 !,11 r10 uint64 !,12 r11 uint64 !,13 r12 uint64 !,14 r13 uint64 !,15 r14 uint64 !,16 r15 uint64 !,17 r16 uint64 !,18 r17 uint64 !,19 r18 uint64 !,20 r19 uint64 !,21 r20 uint64 !,22 r21 uint64 !,23 r22 uint64 !,24 r23 uint64 !,25 r24 uint64 !,26 r25 uint64 !,27 r26 uint64 !,28 r27 uint64 !,29 r28 uint64 !,30 r29 uint64 !,31 r30 uint64 !,32 r31 uint64 !,33 lo uint64 !,34 hi uint64 !,35 fpu_fcr31 uint32 !,36 fpu_id uint32 !',
  thread_info_mips: '1 clear_tid_addr uint64 ! hex,2 tls uint64 !,3 gpregs user_mips_regs_entry ! hex,4 fpregs user_mips_fpregs_entry ! hex',
  user_loongarch64_gpregs_entry: '1 regs uint64 *,2 pc uint64 !',
  user_loongarch64_fpregs_entry: '1 regs uint64 *,2 fcc uint64 !,3 fcsr uint32 !',
  thread_info_loongarch64: '1 clear_tid_addr uint64 ! hex,2 tls uint64 !,3 gpregs user_loongarch64_gpregs_entry ! hex,4 fpregs user_loongarch64_fpregs_entry ! hex',
  user_riscv64_regs_entry: '1 pc uint64 !,2 ra uint64 !,3 sp uint64 !,4 gp uint64 !,5 tp uint64 !,6 t0 uint64 !,7 t1 uint64 !,8 t2 uint64 !,9 s0 uint64 !,10 s1 uint64 !,11 a0 uint64 !,12 a1 uint64 !,13 a2 uint64 !,14 a3 uint64 !,15 a4 uint64 !,16 a5 uint64 !,17 a6 uint64 !,18 a7 uint64 !,19 s2 uint64 !,20 s3 uint64 !,21 s4 uint64 !,22 s5 uint64 !,23 s6 uint64 !,24 s7 uint64 !,25 s8 uint64 !,26 s9 uint64 !,27 s10 uint64 !,28 s11 uint64 !,29 t3 uint64 !,30 t4 uint64 !,31 t5 uint64 !,32 t6 uint64 !',
  user_riscv64_d_ext_entry: '1 f uint64 *,2 fcsr uint32 !',
  thread_info_riscv64: '1 clear_tid_addr uint64 ! hex,2 tls uint64 !,3 gpregs user_riscv64_regs_entry ! hex,4 fpsimd user_riscv64_d_ext_entry !',
  pstree_entry: '1 pid uint32 !,2 ppid uint32 !,3 pgid uint32 !,4 sid uint32 !,5 threads uint32 *',
  rlimit_entry: '1 cur uint64 !,2 max uint64 !',
  task_rlimits_entry: '1 rlimits rlimit_entry *',
  itimer_entry: '1 isec uint64 !,2 iusec uint64 !,3 vsec uint64 !,4 vusec uint64 !',
  posix_timer_entry: '1 it_id uint32 !,2 clock_id uint32 !,3 si_signo uint32 !,4 it_sigev_notify uint32 !,5 sival_ptr uint64 !,6 overrun uint32 !,7 isec uint64 !,8 insec uint64 !,9 vsec uint64 !,10 vnsec uint64 !,11 notify_thread_id int32 ?',
  task_timers_entry: '1 real itimer_entry !,2 virt itimer_entry !,3 prof itimer_entry !,4 posix posix_timer_entry *',
  sa_entry: '1 sigaction uint64 ! hex,2 flags uint64 ! hex,3 restorer uint64 ! hex,4 mask uint64 ! hex,5 compat_sigaction bool ?,6 mask_extended uint64 ? hex',
  siginfo_entry: '1 siginfo bytes !',
  signal_queue_entry: '1 signals siginfo_entry *',
  rseq_entry: '1 rseq_abi_pointer uint64 !,2 rseq_abi_size uint32 !,3 signature uint32 !,4 rseq_cs_pointer uint64 ?',
  thread_sas_entry: '1 ss_sp uint64 !,2 ss_size uint64 !,3 ss_flags uint32 !',
  task_kobj_ids_entry: '1 vm_id uint32 !,2 files_id uint32 !,3 fs_id uint32 !,4 sighand_id uint32 !,5 pid_ns_id uint32 ?,6 net_ns_id uint32 ?,7 ipc_ns_id uint32 ?,8 uts_ns_id uint32 ?,9 mnt_ns_id uint32 ?,10 user_ns_id uint32 ?,11 cgroup_ns_id uint32 ?,12 time_ns_id uint32 ?',
  task_core_entry: '1 task_state uint32 ! dict=gen,2 exit_code uint32 !,3 personality uint32 !,4 flags uint32 !,5 blk_sigset uint64 ! hex,6 comm string !,7 timers task_timers_entry ?,8 rlimits task_rlimits_entry ?,9 cg_set uint32 ?,10 signals_s signal_queue_entry ?,11 old_seccomp_mode seccomp_mode ?,12 old_seccomp_filter uint32 ?,13 loginuid uint32 ?,14 oom_score_adj int32 ?,15 sigactions sa_entry *,18 child_subreaper bool ?,20 blk_sigset_extended uint64 ? hex,21 stop_signo uint32 ?,22 membarrier_registration_mask uint32 ? hex',
  thread_core_entry: '1 futex_rla uint64 !,2 futex_rla_len uint32 !,3 sched_nice sint32 ?,4 sched_policy uint32 ?,5 sched_prio uint32 ?,6 blk_sigset uint64 ?,7 sas thread_sas_entry ?,8 pdeath_sig uint32 ?,9 signals_p signal_queue_entry ?,10 creds creds_entry ?,11 seccomp_mode seccomp_mode ?,12 seccomp_filter uint32 ?,13 comm string ?,14 blk_sigset_extended uint64 ?,15 rseq_entry rseq_entry ?,16 cg_set uint32 ?',
  core_entry: '1 mtype core_entry.march !,2 thread_info thread_info_x86 ?,6 ti_arm thread_info_arm ?,8 ti_aarch64 thread_info_aarch64 ?,9 ti_ppc64 thread_info_ppc64 ?,10 ti_s390 thread_info_s390 ?,11 ti_mips thread_info_mips ?,12 ti_loongarch64 thread_info_loongarch64 ?,13 ti_riscv64 thread_info_riscv64 ?,3 tc task_core_entry ?,4 ids task_kobj_ids_entry ?,5 thread_core thread_core_entry ?',
  plugins_entry: '12 plugins string *',
  inventory_entry: '1 img_version uint32 !,2 fdinfo_per_id bool ?,3 root_ids task_kobj_ids_entry ?,4 ns_per_id bool ?,5 root_cg_set uint32 ?,6 lsmtype lsmtype ?,8 dump_uptime uint64 ?,9 pre_dump_mode uint32 ?,10 tcp_close bool ?,11 network_lock_method uint32 ?,12 plugins_entry plugins_entry ?,13 dump_criu_run_id string ?,14 allow_uprobes bool ?',
  dump_stats_entry: '1 freezing_time uint32 !,2 frozen_time uint32 !,3 memdump_time uint32 !,4 memwrite_time uint32 !,5 pages_scanned uint64 !,6 pages_skipped_parent uint64 !,7 pages_written uint64 !,8 irmap_resolve uint32 ?,9 pages_lazy uint64 !,10 page_pipes uint64 ?,11 page_pipe_bufs uint64 ?,12 shpages_scanned uint64 ?,13 shpages_skipped_parent uint64 ?,14 shpages_written uint64 ?',
  restore_stats_entry: '1 pages_compared uint64 !,2 pages_skipped_cow uint64 !,3 forking_time uint32 !,4 restore_time uint32 !,5 pages_restored uint64 ?',
  stats_entry: '1 dump dump_stats_entry ?,2 restore restore_stats_entry ?',
  cpuinfo_x86_entry: '1 vendor_id cpuinfo_x86_entry.vendor !,2 cpu_family uint32 !,3 model uint32 !,4 stepping uint32 !,5 capability_ver uint32 !,6 capability uint32 *,7 model_id string ?,8 xfeatures_mask uint64 ?,9 xsave_size uint32 ?,10 xsave_size_max uint32 ?',
  cpuinfo_ppc64_entry: '1 endian cpuinfo_ppc64_entry.endianness !,2 hwcap uint64 *',
  cpuinfo_s390_entry: '2 hwcap uint64 *',
  cpuinfo_entry: '1 x86_entry cpuinfo_x86_entry *,2 ppc64_entry cpuinfo_ppc64_entry *,3 s390_entry cpuinfo_s390_entry *',
  ipc_desc_entry: '1 key uint32 !,2 uid uint32 !,3 gid uint32 !,4 cuid uint32 !,5 cgid uint32 !,6 mode uint32 !,7 id uint32 !',
  ipc_var_entry: '1 sem_ctls uint32 *,2 msg_ctlmax uint32 !,3 msg_ctlmnb uint32 !,4 msg_ctlmni uint32 !,5 auto_msgmni uint32 !,6 shm_ctlmax uint64 !,7 shm_ctlall uint64 !,8 shm_ctlmni uint32 !,9 shm_rmid_forced uint32 !,10 mq_queues_max uint32 !,11 mq_msg_max uint32 !,12 mq_msgsize_max uint32 !,13 mq_msg_default uint32 ?,14 mq_msgsize_default uint32 ?,15 msg_next_id uint32 ?,16 sem_next_id uint32 ?,17 shm_next_id uint32 ?',
  ipc_shm_entry: '1 desc ipc_desc_entry !,2 size uint64 !,3 in_pagemaps bool ?,4 hugetlb_flag uint32 ?',
  ipc_msg: '1 mtype uint64 !,2 msize uint32 !',
  ipc_msg_entry: '1 desc ipc_desc_entry !,2 qbytes uint32 !,3 qnum uint32 !',
  ipc_sem_entry: '1 desc ipc_desc_entry !,2 nsems uint32 !',
  vma_entry: '1 start uint64 ! hex,2 end uint64 ! hex,3 pgoff uint64 !,4 shmid uint64 !,5 prot uint32 ! flags=mmap.prot,6 flags uint32 ! flags=mmap.flags,7 status uint32 ! flags=mmap.status,8 fd sint64 !,9 madv uint64 ? hex,10 fdflags uint32 ? hex',
  aio_ring_entry: '1 id uint64 !,2 nr_req uint32 !,3 ring_len uint32 !',
  mm_entry: '1 mm_start_code uint64 ! hex,2 mm_end_code uint64 ! hex,3 mm_start_data uint64 ! hex,4 mm_end_data uint64 ! hex,5 mm_start_stack uint64 ! hex,6 mm_start_brk uint64 ! hex,7 mm_brk uint64 ! hex,8 mm_arg_start uint64 ! hex,9 mm_arg_end uint64 ! hex,10 mm_env_start uint64 ! hex,11 mm_env_end uint64 ! hex,12 exe_file_id uint32 !,13 mm_saved_auxv uint64 *,14 vmas vma_entry *,15 dumpable int32 ?,16 aios aio_ring_entry *,17 thp_disabled bool ?',
  pagemap_head: '1 pages_id uint32 !',
  pagemap_entry: '1 vaddr uint64 ! hex,2 compat_nr_pages uint32 !,3 in_parent bool ?,4 flags uint32 ? flags=pmap.flags,5 nr_pages uint64 ?',
  memfd_inode_entry: '1 name string !,2 uid uint32 !,3 gid uint32 !,4 size uint64 !,5 shmid uint32 !,6 seals uint32 ! flags=seals.flags,7 inode_id uint64 !,8 hugetlb_flag uint32 ?,9 mode uint32 ?',
  mnt_entry: '1 fstype uint32 !,2 mnt_id uint32 !,3 root_dev uint32 ! dev,4 parent_mnt_id uint32 !,5 flags uint32 ! hex,6 root string !,7 mountpoint string !,8 source string !,9 options string !,10 shared_id uint32 ?,11 master_id uint32 ?,12 with_plugin bool ?,13 ext_mount bool ?,14 fsname string ?,15 internal_sharing bool ?,16 deleted bool ?,17 sb_flags uint32 ? hex,18 ext_key string ?',
  autofs_entry: '1 fd int32 !,2 pgrp int32 !,3 timeout int32 !,4 minproto int32 !,5 maxproto int32 !,6 mode int32 !,7 uid int32 ?,8 gid int32 ?,9 read_fd int32 ?',
  binfmt_misc_entry: '1 name string !,2 enabled bool !,3 interpreter string !,4 flags string ?,5 extension string ?,6 magic string ?,7 mask string ?,8 offset int32 ?',
  utsns_entry: '1 nodename string !,2 domainname string !',
  timespec: '1 tv_sec uint64 !,2 tv_nsec uint64 !',
  timens_entry: '1 monotonic timespec !,2 boottime timespec !',
  pidns_entry: '1 ext_key string ?',
  uid_gid_extent: '1 first uint32 !,2 lower_first uint32 !,3 count uint32 !',
  userns_entry: '1 uid_map uid_gid_extent *,2 gid_map uid_gid_extent *',
  sysctl_entry: '1 type SysctlType !,2 iarg int32 ?,3 sarg string ?',
  tun_link_entry: '1 flags uint32 ! hex,2 owner int32 !,3 group int32 !,4 vnethdr uint32 !,5 sndbuf uint32 !',
  macvlan_link_entry: '1 mode uint32 !,2 flags uint32 ?',
  sit_entry: '1 link uint32 ?,2 local uint32 * ipadd,3 remote uint32 * ipadd,4 ttl uint32 ?,5 tos uint32 ?,6 pmtudisc bool ?,7 proto uint32 ?,8 flags uint32 ?,9 encap_type uint32 ?,10 encap_flags uint32 ?,11 encap_sport uint32 ?,12 encap_dport uint32 ?,13 rd_prefixlen uint32 ?,14 rd_prefix uint32 * ipadd,15 relay_prefixlen uint32 ?,16 relay_prefix uint32 * ipadd',
  net_device_entry: '1 type nd_type !,2 ifindex uint32 !,3 mtu uint32 !,4 flags uint32 ! hex,5 name string !,6 tun tun_link_entry ?,7 address bytes ?,8 conf int32 *,9 conf4 sysctl_entry *,10 conf6 sysctl_entry *,11 macvlan macvlan_link_entry ?,12 peer_ifindex uint32 ?,13 peer_nsid uint32 ?,14 master uint32 ?,15 sit sit_entry ?',
  netns_id: '1 target_ns_id uint32 !,2 netnsid_value int32 !',
  netns_entry: '1 def_conf int32 *,2 all_conf int32 *,3 def_conf4 sysctl_entry *,4 all_conf4 sysctl_entry *,5 def_conf6 sysctl_entry *,6 all_conf6 sysctl_entry *,7 nsids netns_id *,8 ext_key string ?,9 unix_conf sysctl_entry *,10 ipv4_sysctl sysctl_entry *',
};

export const ENUMS = {
  'fh_entry_sizes': '16 min_entries',
  'mark_type': '1 INODE,2 MOUNT',
  'TtyType': '0 UNKNOWN,1 PTY,2 CONSOLE,3 VT,4 CTTY,5 EXT_TTY,6 SERIAL',
  'remap_type': '0 LINKED,1 GHOST,2 PROCFS',
  'sk_shutdown': '0 NONE,1 READ,2 WRITE,3 BOTH',
  'fd_types': '0 UND,1 REG,2 PIPE,3 FIFO,4 INETSK,5 UNIXSK,6 EVENTFD,7 EVENTPOLL,8 INOTIFY,9 SIGNALFD,10 PACKETSK,11 TTY,12 FANOTIFY,13 NETLINKSK,14 NS,15 TUNF,16 EXT,17 TIMERFD,18 MEMFD,19 BPFMAP,20 PIDFD,65534 CTL_TTY,65535 AUTOFS_PIPE',
  'user_x86_regs_mode': '1 NATIVE,2 COMPAT',
  'seccomp_mode': '0 disabled,1 strict,2 filter',
  'lsmtype': '0 NO_LSM,1 SELINUX,2 APPARMOR',
  'fstype': '0 UNSUPPORTED,1 PROC,2 SYSFS,3 DEVTMPFS,4 BINFMT_MISC,5 TMPFS,6 DEVPTS,7 SIMFS,8 PSTORE,9 SECURITYFS,10 FUSECTL,11 DEBUGFS,12 CGROUP,13 AUFS,14 MQUEUE,15 FUSE,16 AUTO,17 OVERLAYFS,18 AUTOFS,19 TRACEFS,23 CGROUP2',
  'SysctlType': '5 CTL_STR,6 CTL_32',
  'nd_type': '1 LOOPBACK,2 VETH,3 TUN,4 EXTLINK,5 VENET,6 BRIDGE,7 MACVLAN,8 SIT',
  'core_entry.march': '0 UNKNOWN,1 X86_64,2 ARM,3 AARCH64,4 PPC64,5 S390,6 MIPS,7 LOONGARCH64,8 RISCV64',
  'cpuinfo_x86_entry.vendor': '0 UNKNOWN,1 INTEL,2 AMD',
  'cpuinfo_ppc64_entry.endianness': '0 BIGENDIAN,1 LITTLEENDIAN',
} as const;
