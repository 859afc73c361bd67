// The file system of the jail: first the read-only image, then nothing at all.
//
// Both steps make a detached mount, put it over "/", make it the root by pivot_root(2) and detach what was there. Every
// mount is handled by descriptor or as ".": no path of the host is looked up, so that no symbolic link or rename can
// steer it, and the folders above the image need not be open to the jail's uid.
#pragma once

#include "sandbox/jail/layers.h"

namespace warder::jail {

// Cuts mount propagation both ways; no later mount reaches the host, nor one of the host's us. In a fresh mount
// namespace.
SetupResult<> CutPropagation();

// Makes the current directory, without what is mounted below it, the root: read-only, nosuid, nodev. A folder that has
// mounts below it is refused by the kernel.
SetupResult<> PivotIntoCurrentDirectory();

// Makes an empty read-only tmpfs (nosuid, nodev, noexec, nosymfollow) the root and detaches everything else. Files that
// are mapped stay mapped.
SetupResult<> PivotIntoNothing();

}  // namespace warder::jail
