import CLinux
import Glibc
package import SecureElement

/// Serves callers: one thread, one call at a time, each caller in its turn.
///
/// What is bounded: 16 callers, one frame of input each, one answer each that is not sent yet. A frame that can not be
/// understood ends its caller's connection and nothing else.
package struct ElementServer: ~Copyable {
  private let element: any ElementAnswering
  private var memory: MemoryLock?
  /// nil when the one caller is there already.
  private let listener: Int32?
  /// One becomes readable when the program is to end.
  private let endings: [Int32]
  /// Whose programs may call.
  private let user: UInt32
  private var callers: [ElementCaller] = []
  private var nextCaller: SoftElement.Caller = 1

  /// - Parameters:
  ///   - memory: extended after each call.
  ///   - listener: a listening Unix socket that does not block.
  ///   - endings: descriptors, one of which becomes readable when the program is to end.
  ///   - user: other users' connections are closed.
  package init(
    element: any ElementAnswering, memory: MemoryLock?, listener: Int32, endings: [Int32], user: UInt32
  ) {
    self.element = element
    self.memory = memory
    self.listener = listener
    self.endings = endings
    self.user = user
  }

  /// Serves one caller over two pipes until it closes them.
  package init(
    element: any ElementAnswering, memory: MemoryLock?, reading: Int32, writing: Int32, ending: Int32
  ) {
    self.element = element
    self.memory = memory
    listener = nil
    endings = [ending]
    user = 0
    callers = [ElementCaller(number: 0, reading: reading, writing: writing)]
  }

  /// Serves until the end is asked for, or the one caller is gone.
  ///
  /// - Throws: `.inside` when keys might get into the swap, or polling fails.
  package mutating func run() throws(SecureElementError) {
    while listener != nil || !callers.isEmpty {
      var looks = callers.map { pollfd(fd: $0.isAnswering ? $0.writing : $0.reading, events: $0.events, revents: 0) }
      looks += endings.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      if let listener { looks.append(pollfd(fd: listener, events: Int16(POLLIN), revents: 0)) }
      let count = poll(&looks, nfds_t(looks.count), callers.contains(where: \.isWaiting) ? 0 : -1)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw .inside }
      let served = callers.count
      if looks[served..<(served + endings.count)].contains(where: { $0.revents != 0 }) { return }
      for index in 0..<served where looks[index].revents != 0 || callers[index].isWaiting { serve(index) }
      for caller in callers where caller.isOver {
        caller.close()
        element.forget(caller.number)
      }
      callers.removeAll(where: \.isOver)
      if let listener, looks[served + endings.count].revents != 0 { accept(listener) }
      try memory?.extend()
    }
  }

  private mutating func accept(_ listener: Int32) {
    let descriptor = linux_accept(listener)
    guard descriptor >= 0 else { return }
    var peer = uid_t.max
    guard callers.count < ElementLimits.connectionsMax, linux_peer_user(descriptor, &peer) == 0, peer == user else {
      close(descriptor)
      return
    }
    callers.append(ElementCaller(number: nextCaller, reading: descriptor, writing: descriptor))
    nextCaller += 1
  }

  private mutating func serve(_ index: Int) {
    guard !callers[index].isAnswering else {
      callers[index].send()
      return
    }
    guard let frame = callers[index].receive() else { return }
    callers[index].answer(Self.answer(frame, element, callers[index].number))
  }

  /// Every error ends here, as a code.
  static func answer(
    _ frame: ElementFrame, _ element: any ElementAnswering, _ caller: SoftElement.Caller
  ) -> ElementFrame {
    do throws(SecureElementError) {
      guard frame.code == 0 else { throw .malformed }
      let answer = try element.answer(ElementRequest(frame.body), for: caller)
      return ElementFrame(number: frame.number, body: answer.bytes)
    } catch {
      return ElementFrame(number: frame.number, code: error.rawValue, body: [])
    }
  }
}
