package import Glibc
import Guomi

/// A connected Unix socket with whole frames and time limits. Used by one thread at a time; every call blocks.
package final class VaultSocket {
  /// The most bytes of a path, with its end.
  package static let pathBytesMax = 108
  private let descriptor: Int32

  /// Takes over a connected socket, and closes it when it goes.
  package init(descriptor: Int32) {
    self.descriptor = descriptor
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
  }

  deinit { close(descriptor) }

  /// Connects.
  ///
  /// - Throws: `.unreachable`.
  package init(path: String) throws(VaultError) {
    guard var address = Self.address(path) else { throw .unreachable("the socket's path is too long") }
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw .unreachable(String(cString: strerror(errno))) }
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
    }
    guard result == 0 else {
      let reason = String(cString: strerror(errno))
      close(descriptor)
      throw .unreachable("\(path): \(reason)")
    }
    self.descriptor = descriptor
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
  }

  /// The address of a path; nil when it is too long.
  package static func address(_ path: String) -> sockaddr_un? {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count < pathBytesMax else { return nil }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    return address
  }

  /// The user at the other end, as the kernel knows it.
  package var peerUserID: UInt32? {
    var credentials: (process: Int32, user: UInt32, group: UInt32) = (0, .max, .max)
    var size = socklen_t(MemoryLayout.size(ofValue: credentials))
    guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 else { return nil }
    return credentials.user
  }

  /// Wakes a thread that waits on this socket: everything ends.
  package func shut() { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }

  /// Sends a frame.
  ///
  /// - Throws: `.unreachable` when the other end is gone or does not read for the given time.
  package func send(_ frame: VaultFrame, milliseconds: Int32) throws(VaultError) {
    let bytes = frame.headAndBody
    guard bytes.count <= VaultFrame.bodyBytesMax + VaultFrame.headBytes else {
      throw .tooLarge(bytes: bytes.count, max: VaultFrame.bodyBytesMax)
    }
    let deadline = Self.now() + Int64(milliseconds)
    let written = bytes.withUnsafeBytes { bytes in
      Result { () throws(VaultError) in try write(bytes, deadline) }
    }
    try written.get()
    if let secret = frame.secret {
      try secret.withUnsafeBytes { bytes throws(VaultError) in try write(bytes, deadline) }
    }
  }

  /// Waits for a frame.
  ///
  /// - Parameters:
  ///   - idle: how long its first byte may take, in milliseconds; negative for ever.
  ///   - milliseconds: how long the rest may take: a frame that is cut off does not hold anybody.
  /// - Returns: nil when the other end closed between two frames.
  /// - Throws: `.malformed`, `.unreachable`.
  package func receive(idle: Int32, milliseconds: Int32) throws(VaultError) -> VaultFrame? {
    guard try waitReadable(idle) else { throw .unreachable("it says nothing") }
    let deadline = Self.now() + Int64(milliseconds)
    var head = [UInt8](repeating: 0, count: VaultFrame.headBytes)
    guard try read(&head, deadline, mayEnd: true) else { return nil }
    let (bodyCount, secretCount) = try VaultFrame.lengths(head: head)
    var body = [UInt8](repeating: 0, count: bodyCount)
    _ = try read(&body, deadline, mayEnd: false)
    var secret: SecretBytes?
    if secretCount > 0 {
      secret = try SecretBytes(count: secretCount) { buffer throws(VaultError) in
        _ = try read(buffer, deadline, mayEnd: false)
      }
    }
    return VaultFrame(try VaultFrame.body(body), secret: secret)
  }

  private func read(_ bytes: inout [UInt8], _ deadline: Int64, mayEnd: Bool) throws(VaultError) -> Bool {
    let result = bytes.withUnsafeMutableBytes { buffer in
      Result { () throws(VaultError) in try read(buffer, deadline, mayEnd: mayEnd) }
    }
    return try result.get()
  }

  /// - Returns: false when the other end closed before the first byte, and that is allowed.
  private func read(
    _ buffer: UnsafeMutableRawBufferPointer, _ deadline: Int64, mayEnd: Bool
  ) throws(VaultError) -> Bool {
    var done = 0
    while done < buffer.count {
      let count = recv(descriptor, buffer.baseAddress?.advanced(by: done), buffer.count - done, 0)
      if count > 0 {
        done += count
      } else if count == 0 {
        if done == 0 && mayEnd { return false }
        throw .unreachable("the connection was cut off within a message")
      } else if errno == EAGAIN {
        guard try waitReadable(Self.left(deadline)) else { throw .unreachable("a message did not come to its end") }
      } else if errno != EINTR {
        throw .unreachable(String(cString: strerror(errno)))
      }
    }
    return true
  }

  private func write(_ bytes: UnsafeRawBufferPointer, _ deadline: Int64) throws(VaultError) {
    var done = 0
    while done < bytes.count {
      let flags = Int32(MSG_NOSIGNAL)
      let count = Glibc.send(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done, flags)
      if count >= 0 {
        done += count
      } else if errno == EAGAIN {
        guard try wait(Int16(POLLOUT), Self.left(deadline)) else { throw .unreachable("it does not read") }
      } else if errno != EINTR {
        throw .unreachable(String(cString: strerror(errno)))
      }
    }
  }

  private func waitReadable(_ milliseconds: Int32) throws(VaultError) -> Bool {
    try wait(Int16(POLLIN), milliseconds)
  }

  private func wait(_ events: Int16, _ milliseconds: Int32) throws(VaultError) -> Bool {
    var entry = pollfd(fd: descriptor, events: events, revents: 0)
    while true {
      let count = poll(&entry, 1, milliseconds)
      if count > 0 { return true }
      if count == 0 { return false }
      if errno != EINTR { throw .unreachable(String(cString: strerror(errno))) }
    }
  }

  /// Milliseconds of a clock that nobody sets.
  private static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
  }

  private static func left(_ deadline: Int64) -> Int32 { Int32(clamping: max(0, deadline - now())) }
}
