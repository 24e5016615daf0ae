import CLinux
import Glibc

/// One epoll set; an event's data is the connection's index.
struct Poll: ~Copyable {
  private let descriptor: Int32
  private let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: Self.eventsMax)
  private static let eventsMax = 512

  init() { descriptor = epoll_create1(0) }

  deinit {
    close(descriptor)
    events.deallocate()
  }

  func add(_ socket: Int32, index: Int) { control(EPOLL_CTL_ADD, socket, index: index, writing: true) }

  func change(_ socket: Int32, index: Int, writing: Bool) {
    control(EPOLL_CTL_MOD, socket, index: index, writing: writing)
  }

  func remove(_ socket: Int32) { epoll_ctl(descriptor, EPOLL_CTL_DEL, socket, nil) }

  /// Waits at most `milliseconds`; returns how many events `event` has.
  func wait(milliseconds: Int32) -> Int {
    Int(max(0, epoll_wait(descriptor, events, Int32(Self.eventsMax), milliseconds)))
  }

  /// One event of the last wait; `position` is less than what it returned.
  func event(_ position: Int) -> (index: Int, readable: Bool, writable: Bool) {
    let event = events[position]
    let readable = event.events & (EPOLLIN.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0
    return (Int(event.data.u64), readable, event.events & EPOLLOUT.rawValue != 0)
  }

  private func control(_ operation: Int32, _ socket: Int32, index: Int, writing: Bool) {
    var event = epoll_event()
    event.events = EPOLLIN.rawValue | (writing ? EPOLLOUT.rawValue : 0)
    event.data.u64 = UInt64(index)
    epoll_ctl(descriptor, operation, socket, &event)
  }
}
