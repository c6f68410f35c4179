# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Boots a guest, and waits until it has switched itself off. Sourced; `running` is the program that runs now.

readonly guest_memory=3072 # MiB

# boot_guest LIMIT KERNEL ROOT DIRECTORY OPTIONS: with the kernel in the directory KERNEL, its command line OPTIONS, and
# the disk image ROOT, which stays as it is. Of DIRECTORY come the disks `payload` and `results.img`, and into it goes
# what the guest prints, `console`. It has no network. Killed after LIMIT seconds, and with whoever runs this.
#
# Without KVM: where the machine is a guest itself, that may be offered and hang. no_timer_check: on a busy machine the
# emulated timer is late, and the kernel would look for another for ever.
boot_guest() {
  local limit=$1 kernel=$2 root=$3 directory=$4 options=$5 status=0
  # The copy that `snapshot` writes to has no name from the start, and goes with qemu.
  TMPDIR=$directory setpriv --pdeathsig TERM timeout --kill-after=10 "$limit" qemu-system-x86_64 \
    -accel tcg,thread=multi -cpu max -smp "$(nproc)" -m "$guest_memory" \
    -nodefaults -no-user-config -no-reboot -display none -serial "file:$directory/console" \
    -kernel "$kernel/vmlinuz" -initrd "$kernel/initrd" -append "console=ttyS0 quiet panic=1 no_timer_check $options" \
    -drive "file=$root,if=virtio,format=raw,snapshot=on,cache=unsafe" \
    -drive "file=$kernel/modules.img,if=virtio,format=raw,readonly=on" \
    -drive "file=$directory/payload,if=virtio,format=raw,readonly=on" \
    -drive "file=$directory/results.img,if=virtio,format=raw,cache=unsafe" \
    </dev/null &
  running=$!
  wait "$running" || status=$?
  running=
  return "$status"
}
