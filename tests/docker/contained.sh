#!/bin/sh
# Run a command as a container engine would, on the root file system of an image: its own mounts and processes, a
# read-only root with a writable /tmp and nothing else, a user by number, no way to more rights. The network is the
# caller's. To be started by: unshare --mount --pid --fork --kill-child contained.sh ROOT UID GID COMMAND...
set -eu
root=$1 user=$2 group=$3
shift 3
path=$PATH
PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount --bind "$root" "$root"
mkdir -p "$root/proc" "$root/dev" "$root/tmp"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero random urandom; do
  : >"$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mount -o remount,ro "$root/dev"
mount -o remount,bind,ro "$root"
cd /
PATH=$path exec /usr/bin/setpriv --no-new-privs /usr/sbin/chroot --userspec="$user:$group" --groups= "$root" "$@"
