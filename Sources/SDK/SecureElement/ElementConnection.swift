import Dispatch
import Glibc
import Synchronization

/// A secure element in another process, spoken to over a Unix socket or a pair of pipes.
///
/// Calls are made one after the other on a thread of the connection's own; at most `waitingMax` wait. A connection that
/// failed once stays shut: sessions end with it, so whoever uses it has to begin anew.
public final class ElementConnection: Sendable {
  /// Calls that may wait behind the one that is under way, where nothing else is said.
  public static let waitingMax = 64
  /// An RSA key may take its time.
  public static let secondsMaxStandard = 30

  private struct State {
    var reading: Int32
    var writing: Int32
    var number: UInt32 = 0
    var input: [UInt8] = []
  }

  private let queue = DispatchQueue(label: "anju.element")
  private let waiting = Atomic<Int>(0)
  private let secondsMax: Int
  private let callsMax: Int
  // Used on `queue` only, one call at a time; the lock is never waited for.
  private let state: Mutex<State>

  /// Connects to a socket.
  ///
  /// - Parameters:
  ///   - secondsMax: how long an answer may take; the connection is shut after it.
  ///   - callsMax: how many calls may wait.
  /// - Throws: `.unavailable`.
  public convenience init(
    socket path: String, secondsMax: Int = secondsMaxStandard, callsMax: Int = waitingMax
  ) throws(SecureElementError) {
    let descriptor = try Self.connected(path)
    self.init(reading: descriptor, writing: descriptor, secondsMax: secondsMax, callsMax: callsMax)
  }

  /// Takes two pipes, or a socket twice; closes them in the end. A program that uses pipes ignores SIGPIPE.
  public init(
    reading: Int32, writing: Int32, secondsMax: Int = secondsMaxStandard, callsMax: Int = waitingMax
  ) {
    self.callsMax = callsMax
    state = Mutex(State(reading: reading, writing: writing))
    self.secondsMax = secondsMax
  }

  deinit { shut() }

  /// Closes the connection; every call after it fails.
  public func shut() {
    state.withLock { Self.close(&$0) }
  }

  /// Makes any call.
  ///
  /// - Throws: what the element answers; `.unavailable`, `.busy`.
  public func call(_ request: ElementRequest) async throws(SecureElementError) -> ElementAnswer {
    guard waiting.add(1, ordering: .relaxed).newValue <= callsMax else {
      waiting.subtract(1, ordering: .relaxed)
      throw .busy
    }
    let result = await withCheckedContinuation { continuation in
      queue.async {
        continuation.resume(returning: self.exchange(request))
        self.waiting.subtract(1, ordering: .relaxed)
      }
    }
    return try result.get()
  }

  private func exchange(_ request: ElementRequest) -> Result<ElementAnswer, SecureElementError> {
    state.withLock { state in
      guard state.reading >= 0 else { return .failure(.unavailable) }
      state.number &+= 1
      do throws(SecureElementError) {
        let frame = ElementFrame(number: state.number, body: request.bytes)
        try Self.write(frame.bytes, to: state.writing, until: limit)
        let answer = try Self.read(&state, until: limit)
        guard answer.number == state.number else { throw .unavailable }
        if let error = SecureElementError(rawValue: answer.code) { return .failure(error) }
        guard answer.code == 0, let value = try? ElementAnswer(answer.body) else { throw .unavailable }
        return .success(value)
      } catch {
        Self.close(&state)
        return .failure(.unavailable)
      }
    }
  }

  private var limit: ContinuousClock.Instant { .now + .seconds(secondsMax) }

  private static func close(_ state: inout State) {
    guard state.reading >= 0 else { return }
    Glibc.close(state.reading)
    if state.writing != state.reading { Glibc.close(state.writing) }
    (state.reading, state.writing) = (-1, -1)
    state.input = []
  }

  private static func write(
    _ bytes: [UInt8], to descriptor: Int32, until limit: ContinuousClock.Instant
  ) throws(SecureElementError) {
    var sent = 0
    while sent < bytes.count {
      try wait(descriptor, Int16(POLLOUT), until: limit)
      let count = bytes.withUnsafeBytes { all -> Int in
        let rest = UnsafeRawBufferPointer(rebasing: all[sent...])
        let count = send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
        return count < 0 && errno == ENOTSOCK ? Glibc.write(descriptor, rest.baseAddress, rest.count) : count
      }
      if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
      guard count > 0 else { throw .unavailable }
      sent += count
    }
  }

  private static func read(
    _ state: inout State, until limit: ContinuousClock.Instant
  ) throws(SecureElementError) -> ElementFrame {
    var part = [UInt8](repeating: 0, count: 4_096)
    while true {
      if let frame = try ElementFrame.take(from: &state.input) { return frame }
      try wait(state.reading, Int16(POLLIN), until: limit)
      let count = Glibc.read(state.reading, &part, part.count)
      if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
      guard count > 0 else { throw .unavailable }
      state.input += part[..<count]
    }
  }

  private static func wait(
    _ descriptor: Int32, _ events: Int16, until limit: ContinuousClock.Instant
  ) throws(SecureElementError) {
    while true {
      let rest = ContinuousClock.now.duration(to: limit).components.seconds
      guard rest >= 0 else { throw .unavailable }
      var look = pollfd(fd: descriptor, events: events, revents: 0)
      let count = poll(&look, 1, Int32(clamping: (rest + 1) * 1_000))
      if count > 0 { return }
      guard count == 0 || errno == EINTR else { throw .unavailable }
      if count == 0 { throw .unavailable }
    }
  }

  private static func connected(_ path: String) throws(SecureElementError) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let room = MemoryLayout.size(ofValue: address.sun_path)
    guard path.utf8.count < room else { throw .unavailable }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw .unavailable }
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    let answer = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
    }
    guard answer == 0 else {
      Glibc.close(descriptor)
      throw .unavailable
    }
    return descriptor
  }
}
