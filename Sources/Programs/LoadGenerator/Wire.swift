import COpenSSL
import Glibc

/// The bytes' way to the server: a socket, or TLS over it.
enum Wire {
  case plain
  case tls(OpaquePointer)

  enum Step {
    case bytes(Int)
    case again
    case closed
  }

  func read(_ socket: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Step {
    switch self {
    case .plain:
      let count = recv(socket, buffer.baseAddress, buffer.count, 0)
      if count > 0 { return .bytes(count) }
      return count < 0 && errno == EAGAIN ? .again : .closed
    case .tls(let session):
      let count = SSL_read(session, buffer.baseAddress, Int32(clamping: buffer.count))
      return count > 0 ? .bytes(Int(count)) : Self.afterError(session, count)
    }
  }

  func write(_ socket: Int32, _ buffer: UnsafeRawBufferPointer) -> Step {
    switch self {
    case .plain:
      let count = send(socket, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
      if count > 0 { return .bytes(count) }
      return count < 0 && errno == EAGAIN ? .again : .closed
    case .tls(let session):
      let count = SSL_write(session, buffer.baseAddress, Int32(clamping: buffer.count))
      return count > 0 ? .bytes(Int(count)) : Self.afterError(session, count)
    }
  }

  /// True when bytes may still wait inside: TLS keeps whole records, a plain socket tells through epoll.
  var mayHoldBytes: Bool {
    if case .tls = self { true } else { false }
  }

  static func afterError(_ session: OpaquePointer, _ result: Int32) -> Step {
    switch SSL_get_error(session, result) {
    case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: .again
    default: .closed
    }
  }
}
