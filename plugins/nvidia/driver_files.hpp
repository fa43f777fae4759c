// SPDX-License-Identifier: Apache-2.0
// What belongs to the NVIDIA driver's user space, by name: the one table of it. Sources: libnvidia-container
// (src/nvc_info.c) and nvidia-container-toolkit (pkg/nvcdi, internal/discover).
#pragma once

namespace nvidia {

/// Programs of the driver, in nvidia-container-cli's order.
inline constexpr const char* kPrograms[] = {
    "nvidia-smi",  "nvidia-debugdump", "nvidia-persistenced",     "nv-fabricmanager",
    "nvidia-imex", "nvidia-imex-ctl",  "nvidia-cuda-mps-control", "nvidia-cuda-mps-server",
};

/// Libraries whose file name ends in the driver's version: NAME.so.VERSION. In nvidia-container-cli's order.
/// The vendor-neutral dispatch libraries (libGL, libEGL, libGLX, libOpenGL, libGLdispatch, libOpenCL, …) are
/// not the driver's: images bring their own, and the host's need the host's C library.
inline constexpr const char* kLibraries[] = {
    // utility
    "libnvidia-ml",
    "libnvidia-cfg",
    "libnvidia-nscq",
    // compute
    "libcuda",
    "libcudadebugger",
    "libnvidia-opencl",
    "libnvidia-gpucomp",
    "libnvidia-ptxjitcompiler",
    "libnvidia-fatbinaryloader",
    "libnvidia-allocator",
    "libnvidia-compiler",
    "libnvidia-pkcs11",
    "libnvidia-pkcs11-openssl3",
    "libnvidia-nvvm",
    "libnvidia-tileiras",
    // ngx, video
    "libnvidia-ngx",
    "libvdpau_nvidia",
    "libnvidia-encode",
    "libnvidia-opticalflow",
    "libnvcuvid",
    // graphics
    "libnvidia-eglcore",
    "libnvidia-glcore",
    "libnvidia-tls",
    "libnvidia-glsi",
    "libnvidia-fbc",
    "libnvidia-ifr",
    "libnvidia-rtcore",
    "libnvoptix",
    "libGLX_nvidia",
    "libEGL_nvidia",
    "libGLESv2_nvidia",
    "libGLESv1_CM_nvidia",
    "libnvidia-glvkspirv",
    "libnvidia-cbl",
};

/// The same for libraries that nvidia-container-cli does not list.
inline constexpr const char* kUnlistedLibraries[] = {
    "libnvidia-nvvm70",
    "libnvidia-vulkan-producer",
    "libnvidia-api",
};

/// Libraries of the driver with versions of their own: NAME.so.N.N.N. nvidia-container-cli does not list
/// them.
inline constexpr const char* kOwnVersionLibraries[] = {
    "libnvidia-egl-gbm", "libnvidia-egl-wayland", "libnvidia-egl-wayland2",
    "libnvidia-egl-xcb", "libnvidia-egl-xlib",
};

/// Where drivers put libraries beyond the loader's directories; relative to each library directory. Debian
/// has one directory a driver series below nvidia: current, tesla-470, …, all of which are looked into.
inline constexpr const char* kLibrarySubdirectories[] = {"", "/nvidia/current", "/nvidia", "/vdpau",
                                                         "/nvidia/current/vdpau"};
inline constexpr const char* kLibraryDirectories[] = {
    "/usr/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu",   "/usr/lib",
    "/lib64",     "/lib/x86_64-linux-gnu",     "/lib/aarch64-linux-gnu",       "/lib",
    "/usr/lib32", "/usr/lib/i386-linux-gnu",   "/usr/lib/arm-linux-gnueabihf",
};

/// Where drivers put programs, $PATH aside: cron and prologs have a short one.
inline constexpr const char* kProgramDirectories[] = {
    "/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin", "/usr/lib/nvidia/current", "/opt/bin"};

/// A link that ldconfig does not make, since it is no soname: NAME in the library directory, to TARGET. %V in
/// a target is the driver's version.
struct Link {
  const char* library;  ///< made where this library is injected
  const char* name;
  const char* target;
};
inline constexpr Link kLinks[] = {
    {"libcuda", "libcuda.so", "libcuda.so.1"},
    {"libnvidia-opticalflow", "libnvidia-opticalflow.so", "libnvidia-opticalflow.so.1"},
    {"libGLX_nvidia", "libGLX_indirect.so.0", "libGLX_nvidia.so.%V"},
    {"libnvidia-vulkan-producer", "libnvidia-vulkan-producer.so", "libnvidia-vulkan-producer.so.%V"},
    {"libnvidia-allocator", "gbm/nvidia-drm_gbm.so", "../libnvidia-allocator.so.1"},
};

/// A data file that tells a dispatcher (EGL, Vulkan, OpenCL) of the driver: FILE below /etc, /usr/local/share
/// or /usr/share, injected at its own path where the library is injected.
struct Data {
  const char* library;
  const char* directory;
  const char* file;
};
inline constexpr Data kData[] = {
    {"libnvidia-opencl", "OpenCL/vendors", "nvidia.icd"},
    {"libEGL_nvidia", "glvnd/egl_vendor.d", "10_nvidia.json"},
    {"libnvidia-egl-gbm", "egl/egl_external_platform.d", "15_nvidia_gbm.json"},
    {"libnvidia-egl-wayland", "egl/egl_external_platform.d", "10_nvidia_wayland.json"},
    {"libnvidia-egl-wayland2", "egl/egl_external_platform.d", "09_nvidia_wayland2.json"},
    {"libnvidia-egl-xcb", "egl/egl_external_platform.d", "20_nvidia_xcb.json"},
    {"libnvidia-egl-xlib", "egl/egl_external_platform.d", "20_nvidia_xlib.json"},
    {"libGLX_nvidia", "vulkan/icd.d", "nvidia_icd.json"},
    {"libGLX_nvidia", "vulkan/icd.d", "nvidia_icd.x86_64.json"},
    {"libGLX_nvidia", "vulkan/icd.d", "nvidia_icd.aarch64.json"},
    {"libGLX_nvidia", "vulkan/icd.d", "nvidia_layers.json"},
    {"libGLX_nvidia", "vulkan/implicit_layer.d", "nvidia_layers.json"},
    {"libnvoptix", "nvidia", "nvoptix.bin"},
};
inline constexpr const char* kDataRoots[] = {"/etc", "/usr/local/share", "/usr/share"};

}  // namespace nvidia
