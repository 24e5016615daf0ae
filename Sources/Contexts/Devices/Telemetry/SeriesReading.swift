import Kernel
import SQLStore
import TimeSeries

/// Walks one series over chunks and tail, oldest first, in one scale.
struct SeriesReading: Sendable {
  /// nil: nothing of it was ever folded.
  let series: SeriesID?
  let from: Int64
  /// Not included.
  let to: Int64
  /// Decimals of what is given.
  let scale: UInt8
  let options: TelemetryOptions

  /// Gives samples in order of time, each moment once, until the body answers false.
  ///
  /// - Parameter tail: not folded yet, in the order of arrival, in `scale`.
  func each(
    _ sql: SQLConnection, tail: [(time: Int64, value: Int64)], _ body: (Int64, Int64) -> Bool
  ) throws {
    let late = Chunk.merge(Chunk.Samples(times: [], values: []), tail.filter { $0.time >= from && $0.time < to })
    var used = 0
    var isStopped = false
    func give(_ samples: Chunk.Samples) {
      for (time, value) in zip(samples.times, samples.values) where !isStopped && time >= from && time < to {
        isStopped = !body(time, value)
      }
    }
    if let series {
      try ChunkStore(sql, options).each(series, from: from, to: to) { chunk in
        let end = chunk.times.last ?? .max
        var part: [(time: Int64, value: Int64)] = []
        while used < late.count, late.times[used] <= end {
          part.append((late.times[used], late.values[used]))
          used += 1
        }
        let samples = inScale(chunk)
        give(part.isEmpty ? samples : Chunk.merge(samples, part))
        return !isStopped
      }
    }
    if !isStopped, used < late.count { give(late[used..<late.count]) }
  }

  /// A chunk of the same scale, usually; those of a model's former version are brought to this one's decimals.
  private func inScale(_ chunk: Chunk.Samples) -> Chunk.Samples {
    if chunk.scale == scale { return chunk }
    if let finer = chunk.rescaled(to: scale) { return finer }
    var result = chunk
    result.scale = scale
    var divisor: Int64 = 1
    for _ in 0..<max(0, Int(chunk.scale) - Int(scale)) { divisor *= 10 }
    for index in result.values.indices { result.values[index] = Rounding.divide(result.values[index], by: divisor) }
    return result
  }
}

/// Division that rounds half away from zero.
enum Rounding {
  static func divide(_ value: Int64, by divisor: Int64) -> Int64 {
    Int64(clamping: divide(Int128(value), by: Int128(divisor)))
  }

  static func divide(_ value: Int128, by divisor: Int128) -> Int128 {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    let isHalf = remainder.magnitude * 2 >= divisor.magnitude
    return isHalf ? quotient + ((value < 0) == (divisor < 0) ? 1 : -1) : quotient
  }
}

/// Buckets of equal length as samples go by in order of time.
struct BucketBuilder: Sendable {
  struct Bucket: Sendable, Hashable {
    let index: Int64
    var count: Int64 = 0
    var minimum = Int64.max
    var maximum = Int64.min
    var sum: Int128 = 0
    var last: Int64 = 0
  }

  let from: Int64
  let lengthMicroseconds: Int64
  private(set) var buckets: [Bucket] = []

  init(from: Int64, lengthMicroseconds: Int64) {
    self.from = from
    self.lengthMicroseconds = lengthMicroseconds
  }

  mutating func add(_ time: Int64, _ value: Int64) {
    let index = (time - from) / lengthMicroseconds
    if buckets.last?.index != index { buckets.append(Bucket(index: index)) }
    let place = buckets.count - 1
    buckets[place].count += 1
    buckets[place].minimum = min(buckets[place].minimum, value)
    buckets[place].maximum = max(buckets[place].maximum, value)
    buckets[place].sum += Int128(value)
    buckets[place].last = value
  }
}
