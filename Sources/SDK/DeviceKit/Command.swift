/// A command (指令) as it came from the platform.
public struct Command: Hashable, Sendable {
  /// The same id means the same command: it is done once.
  public let id: String
  /// The service asked for, as the thing model names it.
  public let service: String
  public let arguments: [String: DeviceValue]
  /// When the platform made it; milliseconds since 1970 UTC.
  public let issued: Int64
  /// After this moment nobody wants it done any more; milliseconds since 1970 UTC.
  public let deadline: Int64

  public init(id: String, service: String, arguments: [String: DeviceValue], issued: Int64, deadline: Int64) {
    self.id = id
    self.service = service
    self.arguments = arguments
    self.issued = issued
    self.deadline = deadline
  }
}

/// How a command ended.
public enum CommandOutcome: Hashable, Sendable {
  case done(DeviceValues = [:])
  /// Tried, and it did not work.
  case failed(code: String, message: String)
  /// Not tried.
  case refused(code: String, message: String)

  /// The word in a reply.
  public var word: String {
    switch self {
    case .done: "done"
    case .failed: "failed"
    case .refused: "refused"
    }
  }

  /// The members of a reply after `boot`, `seq` and `ts`.
  func members(id: String) -> [UInt8] {
    var writer = PayloadWriter()
    writer.put("id", id)
    writer.put("state", word)
    switch self {
    case .done(let values): if !values.isEmpty { writer.put("values", values) }
    case .failed(let code, let message), .refused(let code, let message):
      writer.put("code", code)
      writer.put("message", message)
    }
    return writer.members()
  }
}

/// What the device knows of a service it offers.
public struct ServiceRule: Hashable, Sendable {
  /// Doing it at the wrong time can hurt somebody (a door, a valve): refused without a set clock.
  public let isDangerous: Bool
  /// It brings what opens something (a credential): like what is dangerous, a device that has keys takes it only
  /// protected by them.
  public let isProtected: Bool

  public init(isDangerous: Bool = false, isProtected: Bool = false) {
    self.isDangerous = isDangerous
    self.isProtected = isProtected
  }
}
