import Glibc
import SecureElement

/// A caller that sends what it likes.
final class RawCaller {
  private var descriptor: Int32
  private var input: [UInt8] = []

  init(_ path: String) throws {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    let answer = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
    }
    guard answer == 0 else { throw SecureElementError.unavailable }
  }

  func send(_ bytes: [UInt8]) { _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }

  /// The next frame; nil at the end.
  func frame() -> ElementFrame? {
    var part = [UInt8](repeating: 0, count: 4_096)
    while true {
      if let frame = try? ElementFrame.take(from: &input) { return frame }
      let count = read(descriptor, &part, part.count)
      guard count > 0 else { return nil }
      input += part[..<count]
    }
  }

  func close() { Glibc.close(descriptor) }
}
