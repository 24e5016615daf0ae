import Devices

/// The platform's command, where the device's own is near.
typealias PlatformCommand = Command
