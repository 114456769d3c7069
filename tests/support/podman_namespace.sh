# Gives podman storage, networks and locks of its own, under its default paths, and prints the number of this process:
#
#   unshare --mount --propagation private sh podman_namespace.sh STATE
#
# The namespace stays until standard input ends. Programs enter it with `nsenter --mount=/proc/NUMBER/ns/mnt`.
set -eu
state=$1
use() { # NAME FOLDER: puts a folder of STATE in the place of one of the machine
  mkdir -p "$state/$1" "$2"
  mount --bind "$state/$1" "$2"
}
use storage /var/lib/containers
use run /run/containers
use libpod /run/libpod
use networks /etc/containers/networks
use secrets /run/secrets
use srv /srv
use netns /run/netns
mount --make-shared /run/netns # netavark's mounts have to be seen by every program here
mount -t tmpfs tmpfs /dev/shm  # podman's locks; those of a machine are 2,048 at most
echo $$
exec cat >/dev/null
