import Dispatch
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import DurableLog

struct DurableLogTests {
  private func open(_ folder: TemporaryFolder, _ options: DurableLog.Options = .init()) throws -> DurableLog {
    try DurableLog.open(path: folder.path("log.db"), options: options, logger: .silent)
  }

  @Test("the checksum is that of RFC 3720", arguments: [
    ([UInt8](repeating: 0, count: 32), 0x8a91_36aa), ([UInt8](repeating: 0xff, count: 32), 0x62a8_ab43),
    (Array(0..<32), 0x46dd_794e), (Array((0..<32).reversed()), 0x113f_db5c), (Array("123456789".utf8), 0xe306_9283),
  ] as [([UInt8], UInt32)])
  func checksum(bytes: [UInt8], sum: UInt32) {
    #expect(bytes.withUnsafeBytes { CRC32C.checksum($0) } == sum)
  }

  @Test("urgent batches have every other commit to themselves, and bulk ones never starve")
  func urgentAlone() {
    var waiting = Waiting()
    let batch = Pending(body: [1, 2, 3], records: 1) { _ in }
    var taken: [[Int]] = []
    for _ in 0..<4 {
      waiting.push(batch, .urgent)
      waiting.push(batch, .bulk)
      let (urgent, bulk) = waiting.take(bytesMax: 1 << 20)
      taken.append([urgent.count, bulk.count])
    }
    #expect(taken == [[1, 0], [1, 2], [1, 0], [1, 2]])
    waiting.push(batch, .bulk)
    #expect(waiting.take(bytesMax: 1 << 20).bulk.count == 1)
  }

  @Test("a batch that is durable can be read at once, in order, and after opening again")
  func appendAndRead() async throws {
    let folder = try TemporaryFolder()
    let log = try open(folder)
    for number in 1...50 {
      #expect(try await log.append(Array("batch \(number)".utf8), .bulk).value == Int64(number))
    }
    #expect(try log.read(.bulk, after: .start, bytesMax: .max).count == 50)
    #expect(try log.read(.bulk, after: DurableLog.Position(48), bytesMax: .max).map(\.position.value) == [49, 50])
    #expect(try log.read(.bulk, after: .start, bytesMax: 1).map(\.body) == [Array("batch 1".utf8)])
    #expect(try log.read(.urgent, after: .start, bytesMax: .max).isEmpty)
    log.close()
    let again = try open(folder)
    defer { again.close() }
    #expect(again.committed(.bulk).value == 50)
    #expect(try await again.append([], .bulk).value == 51)
    #expect(try again.read(.bulk, after: .start, bytesMax: .max).count == 51)
  }

  @Test("synchronous reads FULL on the connection that writes")
  func isFull() throws {
    let folder = try TemporaryFolder()
    let log = try open(folder)
    defer { log.close() }
    #expect(try log.writer.withLock { try $0.file.integer("PRAGMA synchronous") } == 2)
    #expect(try log.writer.withLock { try $0.file.integer("PRAGMA secure_delete") } == 2)
  }

  @Test("positions are never given again, not even when everything was trimmed")
  func positionsAfterTrim() async throws {
    let folder = try TemporaryFolder()
    let log = try open(folder)
    for _ in 1...10 { _ = try await log.append([1, 2, 3], .bulk) }
    log.trim(.bulk, through: DurableLog.Position(10))
    try await until { try log.read(.bulk, after: .start, bytesMax: .max).isEmpty }
    log.close()
    let again = try open(folder)
    defer { again.close() }
    #expect(try await again.append([4], .bulk).value == 11)
  }

  @Test("trimming goes in steps and never past what is committed or allowed")
  func trimming() async throws {
    let folder = try TemporaryFolder()
    var options = DurableLog.Options()
    options.trimStepBytes = 10_000
    let log = try open(folder, options)
    defer { log.close() }
    for _ in 1...100 { _ = try await log.append([UInt8](repeating: 7, count: 2_000), .bulk) }
    log.trim(.bulk, through: DurableLog.Position(60))
    try await until { try log.read(.bulk, after: .start, bytesMax: 1).first?.position.value == 61 }
    log.trim(.bulk, through: DurableLog.Position(5_000))
    try await until { try log.read(.bulk, after: .start, bytesMax: 1).isEmpty }
    #expect(try await log.append([1], .bulk).value == 101)
  }

  @Test("urgent batches come before bulk ones that wait")
  func urgentFirst() async throws {
    let folder = try TemporaryFolder()
    var options = DurableLog.Options()
    options.commitBytesMax = 1_000
    let log = try open(folder, options)
    defer { log.close() }
    let order = Mutex<[String]>([])
    let done = DispatchSemaphore(value: 0)
    // The writer is held, so that all of these wait when it looks.
    log.writer.withLock { _ in
      for number in 0..<20 {
        log.append([UInt8](repeating: 1, count: 900), records: 1, lane: .bulk) { _ in
          order.withLock { $0.append("bulk \(number)") }
          done.signal()
        }
      }
      for number in 0..<3 {
        log.append([2], records: 1, lane: .urgent) { _ in
          order.withLock { $0.append("urgent \(number)") }
          done.signal()
        }
      }
    }
    await wait(done, count: 23)
    let seen = order.withLock { $0 }
    #expect(seen.filter { $0.hasPrefix("urgent") } == ["urgent 0", "urgent 1", "urgent 2"])
    #expect(seen.filter { $0.hasPrefix("bulk") } == (0..<20).map { "bulk \($0)" })
    // One commit may have been under way, holding the first bulk batch.
    #expect(try #require(seen.firstIndex(of: "urgent 2")) <= 4)
  }

  @Test("many threads append; each is called back once, and everything is there in order of position")
  func manyThreads() async throws {
    let folder = try TemporaryFolder()
    let log = try open(folder)
    defer { log.close() }
    let positions = await withTaskGroup(of: [Int64].self) { group in
      for thread in 0..<8 {
        group.addTask {
          var positions: [Int64] = []
          for number in 0..<200 {
            let position = try? await log.append(Array("\(thread) \(number)".utf8), .bulk)
            positions.append(position?.value ?? -1)
          }
          return positions
        }
      }
      return await group.reduce(into: []) { $0 += $1 }
    }
    #expect(positions.sorted() == Array(1...1_600))
    let segments = try log.read(.bulk, after: .start, bytesMax: .max)
    #expect(segments.map(\.position.value) == Array(1...1_600))
    #expect(log.figures.commits < 1_600)
    #expect(log.waitingBytes == 0)
  }

  @Test("a full disk refuses what it can not hold, keeps what it holds, and takes batches again")
  func fullDisk() async throws {
    let folder = try TemporaryFolder()
    let log = try open(folder)
    defer { log.close() }
    _ = try await log.append([UInt8](repeating: 1, count: 10_000), .bulk)
    try log.writer.withLock { try $0.file.execute("PRAGMA max_page_count=20") }
    var refused = 0
    for _ in 0..<10 {
      do { _ = try await log.append([UInt8](repeating: 2, count: 30_000), .bulk) } catch {
        #expect(error as? DurableLogError == .full)
        refused += 1
      }
    }
    #expect(refused >= 9)
    let held = try log.read(.bulk, after: .start, bytesMax: .max).count
    #expect(held == 11 - refused)
    try log.writer.withLock { try $0.file.execute("PRAGMA max_page_count=100000") }
    #expect(try await log.append([UInt8](repeating: 3, count: 30_000), .bulk).value == Int64(held + 1))
  }

  @Test("too large, too much and too late are refused at the door")
  func refusals() async throws {
    let folder = try TemporaryFolder()
    var options = DurableLog.Options()
    options.batchBytesMax = 1_000
    options.waitingBytesMax = 1_500
    let log = try open(folder, options)
    await #expect(throws: DurableLogError.tooLarge) { try await log.append([UInt8](repeating: 0, count: 1_001), .bulk) }
    let outcomes = Mutex<[DurableLogError?]>([])
    let done = DispatchSemaphore(value: 0)
    log.writer.withLock { _ in
      for _ in 0..<10 {
        log.append([UInt8](repeating: 0, count: 1_000), records: 1, lane: .bulk) { result in
          outcomes.withLock { $0.append(result.failure) }
          done.signal()
        }
      }
    }
    await wait(done, count: 10)
    #expect(outcomes.withLock { $0.contains(.overloaded) && $0.contains(nil) })
    log.close()
    await #expect(throws: DurableLogError.closed) { try await log.append([1], .bulk) }
  }

  @Test("closing commits what waits")
  func closeDrains() async throws {
    let folder = try TemporaryFolder()
    let log = try open(folder)
    let stored = Mutex(0)
    for _ in 0..<500 {
      log.append([UInt8](repeating: 5, count: 100), records: 1, lane: .bulk) { result in
        if case .success = result { stored.withLock { $0 += 1 } }
      }
    }
    log.close()
    #expect(stored.withLock { $0 } == 500)
    let again = try open(folder)
    defer { again.close() }
    #expect(try again.read(.bulk, after: .start, bytesMax: .max).count == 500)
  }

  @Test("a damaged segment is told, at opening and at reading, and can be stepped over")
  func corruption() async throws {
    let folder = try TemporaryFolder()
    let log = try open(folder)
    for _ in 0..<3 { _ = try await log.append([9, 9, 9], .bulk) }
    try log.writer.withLock { try $0.file.execute("UPDATE bulk SET body = x'090809' WHERE position = 2") }
    #expect(try log.read(.bulk, after: .start, bytesMax: .max).map(\.position.value) == [1])
    #expect(throws: DurableLogError.corrupt(.bulk, DurableLog.Position(2))) {
      try log.read(.bulk, after: DurableLog.Position(1), bytesMax: .max)
    }
    #expect(try log.read(.bulk, after: DurableLog.Position(2), bytesMax: .max).map(\.position.value) == [3])
    log.close()
  }

  @Test("another program's file, and a log of another version, are not opened")
  func unknownFormat() async throws {
    let folder = try TemporaryFolder()
    let log = try open(folder)
    try log.writer.withLock { try $0.file.execute("PRAGMA user_version=2") }
    log.close()
    #expect(throws: DurableLogError.self) { try open(folder) }
    try Data("this is no database, whatever its name".utf8).write(to: folder.url.appending(path: "other.db"))
    #expect(throws: DurableLogError.self) { try DurableLog.open(path: folder.path("other.db"), logger: .silent) }
  }

  @Test("the write-ahead log is written back and used again while the writer writes on")
  func checkpoints() async throws {
    let folder = try TemporaryFolder()
    var options = DurableLog.Options()
    options.checkpointBytes = 1 << 20
    options.preallocatedBytes = 1 << 20
    let log = try open(folder, options)
    defer { log.close() }
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          for _ in 0..<150 { _ = try? await log.append([UInt8](repeating: 3, count: 50_000), .bulk) }
        }
      }
    }
    try await until { log.figures.checkpoints >= 3 }
    let size = try FileManager.default.attributesOfItem(atPath: folder.path("log.db-wal"))[.size] as? Int ?? 0
    #expect(size < 24 << 20, "30 MB were appended, the write-ahead log takes \(size); \(log.figures)")
  }

  @Test("who listens hears of commits of its lane")
  func commitsAreHeard() async throws {
    let folder = try TemporaryFolder()
    let log = try open(folder)
    var heard = log.commits(.urgent).makeAsyncIterator()
    #expect(await heard.next() != nil)
    _ = try await log.append([1], .urgent)
    #expect(await heard.next() != nil)
    log.close()
    #expect(await heard.next() == nil)
  }
}

extension DurableLog {
  /// Appends one record and waits until it is durable.
  func append(_ batch: [UInt8], _ lane: Lane) async throws -> Position {
    try await withCheckedThrowingContinuation { continuation in
      append(batch, records: 1, lane: lane) { continuation.resume(with: $0) }
    }
  }
}

extension Result {
  var failure: Failure? { if case .failure(let error) = self { error } else { nil } }
}

/// Waits for a semaphore without holding a thread of the pool.
func wait(_ semaphore: DispatchSemaphore, count: Int) async {
  await withCheckedContinuation { continuation in
    DispatchQueue.global().async {
      for _ in 0..<count { _ = semaphore.wait(timeout: .now() + .seconds(Patience.seconds)) }
      continuation.resume()
    }
  }
}
