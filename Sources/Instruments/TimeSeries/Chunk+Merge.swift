extension Chunk {
  /// Samples of both in order of time; where both have one of the same moment, that of `newer` stands.
  ///
  /// - Parameters:
  ///   - older: times rising.
  ///   - newer: in the order of arrival; sorted here, the last of a moment stands.
  public static func merge(_ older: Samples, _ newer: [(time: Int64, value: Int64)]) -> Samples {
    var merged = Samples(times: [], values: [], scale: older.scale, kind: older.kind)
    merged.times.reserveCapacity(older.count + newer.count)
    merged.values.reserveCapacity(older.count + newer.count)
    var index = 0
    for (time, value) in sorted(newer) {
      while index < older.count, older.times[index] < time {
        merged.append(older.times[index], older.values[index])
        index += 1
      }
      while index < older.count, older.times[index] == time { index += 1 }
      merged.append(time, value)
    }
    while index < older.count {
      merged.append(older.times[index], older.values[index])
      index += 1
    }
    return merged
  }

  /// In order of time; of one moment's samples the last to arrive stands.
  private static func sorted(_ samples: [(time: Int64, value: Int64)]) -> [(time: Int64, value: Int64)] {
    let isRising = zip(samples, samples.dropFirst()).allSatisfy { $0.time < $1.time }
    if isRising { return samples }
    let order = samples.indices.sorted { (samples[$0].time, $0) < (samples[$1].time, $1) }
    var result: [(time: Int64, value: Int64)] = []
    for index in order {
      if result.last?.time == samples[index].time { result.removeLast() }
      result.append(samples[index])
    }
    return result
  }
}

extension Chunk.Samples {
  mutating func append(_ time: Int64, _ value: Int64) {
    times.append(time)
    values.append(value)
  }

  /// The same values at a finer scale; nil when one does not fit any more, or these are doubles.
  public func rescaled(to finer: UInt8) -> Chunk.Samples? {
    guard kind == .scaled, finer >= scale, finer <= 18 else { return nil }
    var factor: Int64 = 1
    for _ in scale..<finer { factor *= 10 }
    var result = self
    result.scale = finer
    for index in values.indices {
      let (product, overflow) = values[index].multipliedReportingOverflow(by: factor)
      if overflow { return nil }
      result.values[index] = product
    }
    return result
  }

  /// The part at some indices.
  public subscript(range: Range<Int>) -> Chunk.Samples {
    Chunk.Samples(times: Array(times[range]), values: Array(values[range]), scale: scale, kind: kind)
  }
}
