// DeviceKit
