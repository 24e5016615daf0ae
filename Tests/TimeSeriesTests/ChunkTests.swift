import TestSupport
import Testing
import TimeSeries

struct ChunkTests {
  private func decoded(_ bytes: [UInt8]) throws -> Chunk.Samples {
    var samples = Chunk.Samples()
    try bytes.withUnsafeBytes { try Chunk.decode($0, into: &samples) }
    return samples
  }

  /// Values of a meter read every minute, with some jitter and some noise.
  private func meter(_ count: Int, random: inout SeededRandom) -> Chunk.Samples {
    var samples = Chunk.Samples(times: [], values: [], scale: 1)
    var value: Int64 = 220_0
    for index in 0..<count {
      value += Int64.random(in: -8...8, using: &random)
      let jitter = Int64.random(in: 0...400, using: &random)
      samples.times.append(1_764_000_000_000_000 + Int64(index) * 60_000_000 + jitter * 1_000)
      samples.values.append(value)
    }
    return samples
  }

  @Test("what is encoded is decoded the same, at every size",
        arguments: [1, 2, 3, 31, 32, 33, 34, 60, 240, 1_000, 4_096])
  func roundTrip(count: Int) throws {
    var random = SeededRandom(seed: UInt64(count))
    let samples = meter(count, random: &random)
    let bytes = Chunk.encode(samples)
    #expect(try decoded(bytes) == samples)
    #expect(try bytes.withUnsafeBytes { try Chunk.count($0) } == count)
  }

  @Test("extreme times and values are kept exactly")
  func extremes() throws {
    let samples = Chunk.Samples(
      times: [.min, -1, 0, 1, 999, 1_000_000, .max],
      values: [.max, .min, 0, -1, .max, .min, 1], scale: 18)
    #expect(try decoded(Chunk.encode(samples)) == samples)
  }

  @Test("doubles are kept to the bit, not-a-number too")
  func doubles() throws {
    let values = [0.1, -0.0, .nan, .infinity, 21.5, 21.5, 21.6, .leastNonzeroMagnitude, .pi]
    let samples = Chunk.Samples(
      times: values.indices.map { Int64($0) * 1_000_000 }, values: values.map { Int64(bitPattern: $0.bitPattern) },
      kind: .double)
    #expect(try decoded(Chunk.encode(samples)) == samples)
  }

  @Test("random series of every shape come back the same")
  func randomShapes() throws {
    var random = SeededRandom(seed: 5)
    for _ in 0..<500 {
      let count = Int.random(in: 1...300, using: &random)
      let timeBits = Int.random(in: 0...40, using: &random)
      let valueBits = Int.random(in: 0...63, using: &random)
      var samples = Chunk.Samples(times: [], values: [], scale: UInt8.random(in: 0...9, using: &random))
      var time = Int64.random(in: -1_000_000_000...1_000_000_000, using: &random)
      for _ in 0..<count {
        time += Int64.random(in: 0...(1 << timeBits), using: &random)
        samples.times.append(time)
        samples.values.append(Int64(bitPattern: random.next()) >> Int64(63 - valueBits))
      }
      #expect(try decoded(Chunk.encode(samples)) == samples)
    }
  }

  @Test("a day of minutes takes less than three bytes a sample, an even counter next to nothing")
  func size() throws {
    var random = SeededRandom(seed: 1)
    let noisy = Chunk.encode(meter(240, random: &random))
    #expect(Double(noisy.count) / 240 < 3)
    let even = Chunk.Samples(
      times: (0..<240).map { 1_764_000_000_000_000 + $0 * 900_000_000 }, values: (0..<240).map { 1_284_200 + $0 * 25 })
    #expect(Chunk.encode(even).count < 40)
  }

  @Test("mutated and random bytes never trap, and decode to no more than a chunk holds")
  func fuzz() throws {
    var random = SeededRandom(seed: 99)
    let seeds = [1, 2, 40, 240].map { Chunk.encode(meter($0, random: &random)) }
    var samples = Chunk.Samples()
    var taken = 0
    for round in 0..<40_000 {
      var bytes =
        round % 3 == 0
        ? (0..<Int.random(in: 0...60, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        : seeds[round % seeds.count]
      for _ in 0..<Int.random(in: 0...4, using: &random) where !bytes.isEmpty {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
        case 1: bytes[place] = UInt8.random(in: 0...255, using: &random)
        default: bytes.removeLast(bytes.count - place)
        }
      }
      do {
        try bytes.withUnsafeBytes { try Chunk.decode($0, into: &samples) }
        taken += 1
        #expect(samples.count <= Chunk.samplesMax && samples.values.count == samples.count)
      } catch {
        #expect(samples.count == 0)
      }
    }
    #expect(taken > 500)
  }

  @Test("a count that the bytes can not hold is refused before any room is taken")
  func hugeCount() {
    #expect(throws: Chunk.Corrupt.self) { try decoded([1, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f]) }
    #expect(throws: Chunk.Corrupt.endsTooEarly) { try decoded([1, 0, 0]) }
    #expect(throws: Chunk.Corrupt.count(0)) { try decoded([1, 0, 0, 0]) }
    #expect(throws: Chunk.Corrupt.version(7)) { try decoded([7, 0, 0, 1, 0]) }
  }

  @Test("merging puts late samples in their place, and of one moment the last to arrive stands")
  func merge() {
    let old = Chunk.Samples(times: [10, 20, 30], values: [1, 2, 3])
    let merged = Chunk.merge(old, [(40, 9), (20, 5), (5, 0), (20, 6), (40, 4)])
    #expect(merged.times == [5, 10, 20, 30, 40])
    #expect(merged.values == [0, 1, 6, 3, 4])
  }

  @Test("a finer scale keeps the values, unless they do not fit")
  func rescale() {
    let samples = Chunk.Samples(times: [1], values: [215], scale: 1)
    #expect(samples.rescaled(to: 3)?.values == [21_500])
    #expect(samples.rescaled(to: 0) == nil)
    #expect(Chunk.Samples(times: [1], values: [.max], scale: 0).rescaled(to: 1) == nil)
  }
}
