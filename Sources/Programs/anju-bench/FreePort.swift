import Foundation
import Glibc

/// Ports on loopback for peers that cannot pick one themselves.
enum FreePort {
  enum Failure: Error, CustomStringConvertible {
    case none
    case silent(UInt16)

    var description: String {
      switch self {
      case .none: "no free port on 127.0.0.1"
      case .silent(let port): "nothing listens on port \(port) after ten seconds"
      }
    }
  }

  static func next() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = loopback(0)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
      }
    }
    guard result else { throw Failure.none }
    return UInt16(bigEndian: address.sin_port)
  }

  /// Waits until something accepts, ten seconds at most.
  static func awaitListener(_ port: UInt16) throws {
    for _ in 0..<1_000 {
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      defer { close(descriptor) }
      var address = loopback(port)
      let connected = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
      }
      if connected { return }
      usleep(10_000)
    }
    throw Failure.silent(port)
  }

  private static func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    return address
  }
}
