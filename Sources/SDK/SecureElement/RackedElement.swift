import Synchronization

/// One of several elements that live in one process (`anju-element rack`): for benches and virtual buildings, whose
/// devices share a machine but no key.
public struct RackedElement: ElementCalling {
  private let rack: ElementRackLink
  private let name: [UInt8]

  /// - Parameter name: as the rack was told, the device's name.
  public init(_ name: String, in rack: ElementRackLink) {
    self.rack = rack
    self.name = Array(name.utf8)
  }

  public func call(_ request: ElementRequest) async throws(SecureElementError) -> ElementAnswer {
    try await rack.call(.at(element: name, request))
  }
}

/// The way to a rack: one connection for all its elements, made at the first call and made anew after a break, with
/// which the sessions of all of them end.
public final class ElementRackLink: Sendable {
  /// Calls of all elements together that may wait.
  public static let callsMax = 4_096

  private let path: String
  private let connection = Mutex<ElementConnection?>(nil)

  /// - Parameter socket: of the rack.
  public init(socket path: String) { self.path = path }

  /// Makes a call.
  ///
  /// - Throws: what the element answers; `.unavailable` while there is no rack, `.busy`.
  public func call(_ request: ElementRequest) async throws(SecureElementError) -> ElementAnswer {
    let connection = try connected()
    do {
      return try await connection.call(request)
    } catch {
      if error == .unavailable { drop(connection) }
      throw error
    }
  }

  private func connected() throws(SecureElementError) -> ElementConnection {
    try connection.withLock { held throws(SecureElementError) in
      if let held { return held }
      let made = try ElementConnection(socket: path, callsMax: Self.callsMax)
      held = made
      return made
    }
  }

  private func drop(_ broken: ElementConnection) {
    connection.withLock { held in
      if held === broken { held = nil }
    }
  }
}
