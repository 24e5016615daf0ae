import Devices

#if canImport(Glibc)
  import Glibc
#endif

/// What the last part of an up topic says (docs/device-protocol.md).
enum UpTopic: Equatable {
  case message(UpChannel)
  case time
  case key
  /// A reply, protected by the session's keys.
  case protected

  private static let names: [(name: [UInt8], topic: UpTopic)] =
    UpChannel.allCases.map { (Array($0.name.utf8), .message($0)) }
    + [(Array("time".utf8), .time), (Array("key".utf8), .key), (Array("protected".utf8), .protected)]

  /// Without allocation.
  init?(_ part: UnsafeRawBufferPointer) {
    for (name, topic) in Self.names where name.isEqual(to: part) {
      self = topic
      return
    }
    return nil
  }
}

/// Topics as text, for what happens rarely.
enum DeviceTopic {
  /// `anju/1/<device>/`: what a device's own topics begin with.
  static func prefix(_ device: DeviceName) -> [UInt8] { Array("anju/1/\(device)/".utf8) }

  /// `anju/1/<device>/down/<channel>`, or below the gateway that brings the device.
  static func down(_ channel: String, to device: DeviceName, through gateway: DeviceName?) -> String {
    if let gateway { return "anju/1/\(gateway)/sub/\(device)/down/\(channel)" }
    return "anju/1/\(device)/down/\(channel)"
  }

  /// Whether a device may subscribe to a filter: to what goes down to it, and as a gateway to what goes down to those
  /// that it brings.
  static func maySubscribe(_ filter: [UInt8], prefix: [UInt8], isGateway: Bool) -> Bool {
    guard filter.starts(with: prefix) else { return false }
    let rest = filter.dropFirst(prefix.count)
    if rest.starts(with: "down/".utf8) { return true }
    guard isGateway, rest.starts(with: "sub/".utf8) else { return false }
    let levels = rest.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    return levels.count >= 4 && levels[2].elementsEqual("down".utf8)
  }
}

extension [UInt8] {
  /// Byte by byte.
  func isEqual(to bytes: UnsafeRawBufferPointer) -> Bool {
    guard count == bytes.count else { return false }
    return isPrefix(of: bytes)
  }

  /// Whether the bytes begin with these.
  func isPrefix(of bytes: UnsafeRawBufferPointer) -> Bool {
    guard count <= bytes.count else { return false }
    guard count > 0, let base = bytes.baseAddress else { return isEmpty }
    return withUnsafeBytes { own in own.baseAddress.map { memcmp($0, base, count) == 0 } ?? false }
  }
}
