import Foundation
import TestSupport

/// Debian's broker on a free port, for the client's tests.
enum MosquittoBroker {
  /// Runs a body with the broker's port; the broker takes connections by then.
  static func run(_ body: (Int) async throws -> Void) async throws {
    let (broker, port) = try await start(attemptsMax: 5)
    try await broker.during { try await body(port) }
  }

  /// Another test may take the free port before the broker does: then it ends, and another port is tried.
  private static func start(attemptsMax: Int) async throws -> (broker: ChildProgram, port: Int) {
    let port = try freePort()
    let broker = try await ChildProgram.start(ChildProgram.Order("/usr/sbin/mosquitto", ["-p", "\(port)"]))
    do {
      try await broker.wrote("running")
      return (broker, port)
    } catch {
      guard case .ended = error, attemptsMax > 1 else { throw error }
    }
    return try await start(attemptsMax: attemptsMax - 1)
  }

  /// A port that was free a moment ago.
  private static func freePort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
      }
    }
    guard isBound else { throw POSIXError(.EADDRINUSE) }
    return Int(UInt16(bigEndian: address.sin_port))
  }
}
