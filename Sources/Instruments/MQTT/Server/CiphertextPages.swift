import Glibc
@_spi(CustomByteBufferAllocator) import NIOCore
import Synchronization

/// The memory in which the TLS library keeps what a connection sends, so that silent connections give it back.
///
/// The library keeps two buffers for a connection's whole life, 32 KiB for what it deciphers and 16 KiB for what it
/// enciphers, and has no call that lets them go. Of each, one page was written to in most connections. Both begin on a
/// page of their own here, where the general allocator lets them touch two; and the second's pages are returned to the
/// system while the connection is silent: what they held was written to the socket. Were it not, the peer would read
/// zeroes in place of a TLS record, whose authentication would fail: the connection would be lost, never a message.
/// That is why the first buffer, which holds what nothing checks any more, is left alone.
enum CiphertextPages {
  /// A connection's buffer, as long as it is that connection's.
  struct Lease: Equatable {
    fileprivate(set) var slot: Int32
    fileprivate var generation: UInt32
  }

  /// What the library asks for: a TLS record's length.
  private static let slotBytes = 16_384
  /// Address space is reserved for as many at once (2 GiB, of which only written pages are memory); connections above
  /// it have ordinary buffers.
  private static let slotsMax = 131_072
  private static let pageBytes = 4_096

  // MARK: Leases

  /// Runs what makes the library's handler on this thread, and returns the buffer it took.
  ///
  /// - Parameter body: is given the allocator that the library has to find in its channel.
  /// - Returns: nil when the library took none, or no place was left.
  static func lease(during body: (ByteBufferAllocator) throws -> Void) rethrows -> Lease? {
    let thread = UInt(pthread_self())
    state.withLock { _ = $0.claiming.insert(thread) }
    defer { state.withLock { $0.endClaim(of: thread) } }
    try body(allocator)
    return state.withLock { $0.claimed[thread] }
  }

  /// Returns a buffer's pages to the system: it reads as zeroes until it is written to again. Does nothing when the
  /// library has freed it.
  static func giveBack(_ lease: Lease) {
    state.withLock { state in
      guard state.generations[Int(lease.slot)] == lease.generation else { return }
      state.discard(lease.slot)
    }
  }

  // MARK: Allocator

  /// For the library's two buffers; others go to the general allocator. Its functions are C's and hold nothing.
  private static let allocator = ByteBufferAllocator(
    allocate: { CiphertextPages.allocate($0) },
    reallocate: { CiphertextPages.reallocate($0, $1, $2) },
    deallocate: { CiphertextPages.deallocate($0) },
    copy: { $0.copyMemory(from: $1, byteCount: $2) })

  private static func allocate(_ bytes: Int) -> UnsafeMutableRawPointer? {
    if bytes == slotBytes, let slot = state.withLock({ $0.take(for: UInt(pthread_self())) }) { return slot }
    return malloc(bytes)
  }

  private static func reallocate(
    _ pointer: UnsafeMutableRawPointer?, _ old: Int, _ new: Int
  ) -> UnsafeMutableRawPointer? {
    guard let pointer, state.withLock({ $0.slot(at: pointer) }) != nil else { return realloc(pointer, new) }
    guard let larger = malloc(new) else { return nil }
    larger.copyMemory(from: pointer, byteCount: min(old, new))
    deallocate(pointer)
    return larger
  }

  private static func deallocate(_ pointer: UnsafeMutableRawPointer) {
    let isOurs = state.withLock { state in
      guard let slot = state.slot(at: pointer) else { return false }
      state.free(slot)
      return true
    }
    if !isOurs { free(pointer) }
  }

  // MARK: Slots

  private static let state = Mutex(Slots())

  /// The reserved space, and who has which part of it.
  private struct Slots: ~Copyable {
    /// Where the space begins; 0 when the system gave none.
    private let base: UInt
    private var unused: [Int32] = []
    /// Raised when a slot is freed: a lease of before says nothing about who has it now.
    private(set) var generations: [UInt32] = []
    /// The threads in `lease`, and what they took.
    var claiming: Set<UInt> = []
    private(set) var claimed: [UInt: Lease] = [:]

    init() {
      let space = mmap(
        nil, slotsMax * slotBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
      base = space == MAP_FAILED ? 0 : UInt(bitPattern: space)
    }

    func slot(at pointer: UnsafeMutableRawPointer) -> Int32? {
      let offset = UInt(bitPattern: pointer) &- base
      return base != 0 && offset < UInt(slotsMax * slotBytes) ? Int32(offset / UInt(slotBytes)) : nil
    }

    mutating func take(for thread: UInt) -> UnsafeMutableRawPointer? {
      guard base != 0, claiming.contains(thread), claimed[thread] == nil, let slot = next() else { return nil }
      claimed[thread] = Lease(slot: slot, generation: generations[Int(slot)])
      return pointer(slot)
    }

    mutating func endClaim(of thread: UInt) {
      claiming.remove(thread)
      claimed[thread] = nil
    }

    private mutating func next() -> Int32? {
      if let slot = unused.popLast() { return slot }
      guard generations.count < slotsMax else { return nil }
      generations.append(0)
      return Int32(generations.count - 1)
    }

    mutating func free(_ slot: Int32) {
      generations[Int(slot)] &+= 1
      discard(slot)
      unused.append(slot)
    }

    func discard(_ slot: Int32) {
      // The range lies in the space that `init` mapped; a failure would leave the pages as they are.
      madvise(pointer(slot), slotBytes, MADV_DONTNEED)
    }

    func residentBytes(_ slot: Int32) -> Int {
      var pages = [UInt8](repeating: 0, count: slotBytes / pageBytes)
      guard mincore(pointer(slot), slotBytes, &pages) == 0 else { return 0 }
      return pages.count { $0 & 1 != 0 } * pageBytes
    }

    private func pointer(_ slot: Int32) -> UnsafeMutableRawPointer? {
      UnsafeMutableRawPointer(bitPattern: base + UInt(slot) * UInt(slotBytes))
    }
  }

  /// How many bytes of a lease are in memory now; 0 when the library has freed it.
  static func residentBytes(_ lease: Lease) -> Int {
    state.withLock { state in
      state.generations[Int(lease.slot)] == lease.generation ? state.residentBytes(lease.slot) : 0
    }
  }
}
