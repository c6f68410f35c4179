// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <sys/fanotify.h>

// The fanotify of kernels newer than the headers that dropwarden is built with: <linux/fanotify.h> of
// Linux 6.15. Values are the kernel's ABI and never change; where the headers have a name too, it is checked
// to mean the same.
namespace dropwarden::sys::fanotify_abi {

inline constexpr unsigned report_target_fid = 0x00001000;          // fanotify_init(2), Linux 5.17
inline constexpr unsigned mark_ignore_surviving = 0x00000440;      // fanotify_mark(2), Linux 6.0
inline constexpr unsigned report_fd_error = 0x00002000;            // fanotify_init(2), Linux 6.13
inline constexpr unsigned report_mount = 0x00004000;               // fanotify_init(2), Linux 6.15
inline constexpr unsigned mark_mount_namespace = 0x00000110;       // fanotify_mark(2), Linux 6.15
inline constexpr std::uint64_t mount_attach = 0x0000000001000000;  // event, Linux 6.15
inline constexpr std::uint64_t mount_detach = 0x0000000002000000;  // event, Linux 6.15

#ifdef FAN_REPORT_TARGET_FID
static_assert(report_target_fid == FAN_REPORT_TARGET_FID);
#endif
#ifdef FAN_MARK_IGNORE_SURV
static_assert(mark_ignore_surviving == FAN_MARK_IGNORE_SURV);
#endif
#ifdef FAN_REPORT_FD_ERROR
static_assert(report_fd_error == FAN_REPORT_FD_ERROR);
#endif
#ifdef FAN_REPORT_MNT
static_assert(report_mount == FAN_REPORT_MNT);
#endif
#ifdef FAN_MARK_MNTNS
static_assert(mark_mount_namespace == FAN_MARK_MNTNS);
#endif
#ifdef FAN_MNT_ATTACH
static_assert(mount_attach == FAN_MNT_ATTACH && mount_detach == FAN_MNT_DETACH);
#endif

}  // namespace dropwarden::sys::fanotify_abi
