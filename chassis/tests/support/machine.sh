#!/usr/bin/env bash
# Becomes the systemd of a small machine of its own; machine.py runs it in new namespaces.
#
#   machine.sh FOLDER CONTROLLER...
#
# Programs and libraries are this machine's, read-only. /etc is a copy; /opt, /root, /run, /tmp and /var are empty and in
# memory; /srv is FOLDER/shared. The controllers are those of cgroup v1 that are to be seen; none: cgroup v2.
set -eu -o pipefail

readonly folder=$1
shift
readonly root=$folder/root

mount --make-rprivate /
mkdir -p "$root" "$folder/etc" "$folder/shared"
mount --bind / "$root"
mount -o remount,bind,ro "$root"

# The copy takes no unit of this machine along, so that none of them is started.
cp -a /etc/. "$folder/etc"
rm -rf "$folder/etc/systemd/system"
mkdir -p "$folder/etc/systemd/system"
[ -s "$folder/etc/machine-id" ] || tr -d - </proc/sys/kernel/random/uuid >"$folder/etc/machine-id"
mount --bind "$folder/etc" "$root/etc"
for path in mnt opt root run srv tmp var; do
    mount -t tmpfs -o mode=755 tmpfs "$root/$path"
done
chmod 1777 "$root/tmp"
mkdir -p "$root"/mnt/outside "$root"/run/lock "$root"/var/{backups,cache,lib,log/journal,tmp}
chmod 1777 "$root/var/tmp"
mount --bind "$folder/shared" "$root/srv"

mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in full null random tty urandom zero; do
    : >"$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
mount -t tmpfs tmpfs "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s fd/0 "$root/dev/stdin"
ln -s fd/1 "$root/dev/stdout"
ln -s fd/2 "$root/dev/stderr"

if [ $# -eq 0 ]; then
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
else
    mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
    for controller; do
        mkdir "$root/sys/fs/cgroup/$controller"
        case $controller in
            systemd) mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/systemd" ;;
            *) mount -t cgroup -o "$controller" cgroup "$root/sys/fs/cgroup/$controller" ;;
        esac
    done
fi

ip link set lo up
cd "$root"
pivot_root . mnt/outside
umount -l /mnt/outside
# As on any host; without it systemd could not hand credentials to services.
mount --make-rshared /
# Not the units of the distribution: no udev, no clock, no clean-up that would reach beyond this machine.
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=test SYSTEMD_UNIT_PATH=/etc/systemd/system:/srv/units \
    /lib/systemd/systemd --log-target=journal --unit=machine.target
