import Foundation
import Glibc
import Synchronization

/// A client that subscribes to everything with QoS 1 and acknowledges what comes: the one consumer a broker is
/// measured with. Runs in a thread of its own until `stop`.
package final class Subscriber: Sendable {
  private let socket: Int32
  private let received = Atomic(0)

  /// Connects to 127.0.0.1, subscribes to `#` and starts reading.
  ///
  /// - Throws: `.connect` when the broker cannot be reached or refuses.
  package init(port: UInt16) throws(LoadError) {
    socket = try Self.connected(port)
    let descriptor = socket
    Thread.detachNewThread { [self] in drain(descriptor) }
  }

  /// Messages so far.
  package var count: Int { received.load(ordering: .relaxed) }

  /// Closes the connection; the thread ends.
  package func stop() { shutdown(socket, Int32(SHUT_RDWR)) }

  deinit { close(socket) }

  private static func connected(_ port: UInt16) throws(LoadError) -> Int32 {
    let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else {
      close(descriptor)
      throw .connect(String(cString: strerror(errno)))
    }
    // CONNECT "sub", clean session, no keep-alive; SUBSCRIBE 1 to "#" with QoS 1.
    let greeting: [UInt8] = [0x10, 15, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 0, 0, 3, 0x73, 0x75, 0x62]
    let wish: [UInt8] = [0x82, 6, 0, 1, 0, 1, 0x23, 1]
    var answer = [UInt8](repeating: 0, count: 9)
    guard send(descriptor, greeting + wish, greeting.count + wish.count, Int32(MSG_NOSIGNAL)) > 0,
      recv(descriptor, &answer, 9, Int32(MSG_WAITALL)) == 9, answer[3] == 0, answer[8] == 1
    else {
      close(descriptor)
      throw .connect("the broker refused the subscriber")
    }
    return descriptor
  }

  private func drain(_ descriptor: Int32) {
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    var filled = 0
    var answers: [UInt8] = []
    while true {
      let count = buffer.withUnsafeMutableBytes { bytes in
        let room = UnsafeMutableRawBufferPointer(rebasing: bytes[filled...])
        return recv(descriptor, room.baseAddress, room.count, 0)
      }
      guard count > 0 else { return }
      filled += count
      answers.removeAll(keepingCapacity: true)
      let used = takePublishes(buffer, filled, &answers)
      buffer.withUnsafeMutableBytes { $0.copyBytes(from: UnsafeRawBufferPointer(rebasing: $0[used..<filled])) }
      filled -= used
      if !answers.isEmpty, send(descriptor, answers, answers.count, Int32(MSG_NOSIGNAL)) < 0 { return }
    }
  }

  /// Counts whole PUBLISH packets and adds their PUBACKs; returns the bytes they took.
  private func takePublishes(_ buffer: [UInt8], _ filled: Int, _ answers: inout [UInt8]) -> Int {
    var start = 0
    while filled - start >= 2 {
      var length = 0
      var shift = 0
      var cursor = start + 1
      var complete = false
      while cursor < filled, shift < 28, !complete {
        length |= Int(buffer[cursor] & 127) << shift
        shift += 7
        complete = buffer[cursor] < 128
        cursor += 1
      }
      guard complete, filled - cursor >= length else { break }
      if buffer[start] >> 4 == 3 {
        received.wrappingAdd(1, ordering: .relaxed)
        if buffer[start] & 6 == 2 {
          let topic = Int(buffer[cursor]) << 8 | Int(buffer[cursor + 1])
          answers += [0x40, 2, buffer[cursor + 2 + topic], buffer[cursor + 3 + topic]]
        }
      }
      start = cursor + length
    }
    return start
  }
}
