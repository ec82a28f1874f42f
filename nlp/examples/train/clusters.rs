//! Words that keep the same company, from text without labels: the exchange algorithm of
//! R. Kneser and H. Ney (1993). Each word moves to the class that makes the text's pairs of
//! classes most likely, until nothing gains.

use std::collections::HashMap;

/// Words seen fewer times are left out.
const COUNT_MIN: u32 = 3;

/// A text as numbers of words; 0 is any rare word, and stands between sentences.
pub struct Text {
    /// The words, by number.
    pub words: Vec<String>,
    pairs: Vec<Near>,
}

/// Neighbours of a word: after it and before it, with counts.
#[derive(Default)]
struct Near {
    after: Vec<(u32, u32)>,
    before: Vec<(u32, u32)>,
    count: u32,
}

impl Text {
    /// Counts sentences of words.
    pub fn new(sentences: &[Vec<String>]) -> Self {
        let mut counts: HashMap<&str, u32> = HashMap::new();
        for word in sentences.iter().flatten() {
            *counts.entry(word).or_default() += 1;
        }
        let mut kept: Vec<(&str, u32)> =
            counts.into_iter().filter(|(_, count)| *count >= COUNT_MIN).collect();
        kept.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        let index: HashMap<&str, u32> =
            kept.iter().enumerate().map(|(at, (word, _))| (*word, at as u32 + 1)).collect();
        let mut pairs = HashMap::<(u32, u32), u32>::new();
        for sentence in sentences {
            let mut last = 0;
            for word in sentence {
                let word = index.get(word.as_str()).copied().unwrap_or(0);
                *pairs.entry((last, word)).or_default() += 1;
                last = word;
            }
            *pairs.entry((last, 0)).or_default() += 1;
        }
        let mut sorted: Vec<_> = pairs.into_iter().collect();
        sorted.sort_unstable();
        let mut near: Vec<Near> = Vec::new();
        near.resize_with(kept.len() + 1, Near::default);
        for ((first, second), count) in sorted {
            // A word's pairs with itself move along with it and decide nothing.
            if first == second {
                continue;
            }
            near[first as usize].after.push((second, count));
            near[second as usize].before.push((first, count));
            near[first as usize].count += count;
        }
        let words = std::iter::once(String::new())
            .chain(kept.iter().map(|(word, _)| (*word).to_owned()))
            .collect();
        Self { words, pairs: near }
    }

    /// The class of each word, from 1; word 0 keeps class 0.
    pub fn classes(&self, classes: usize, passes: usize) -> Vec<u16> {
        let count = self.pairs.len();
        let wide = classes + 1;
        let mut class: Vec<u16> = (0..count)
            .map(|word| if word == 0 { 0 } else { (1 + (word - 1) % classes) as u16 })
            .collect();
        let total = self.pairs.iter().map(|word| word.count as usize).sum::<usize>() + 1;
        // x log x, by table: it is asked for some billions of times.
        let table: Vec<f32> = (0..=total.min(1 << 16))
            .map(|x| if x == 0 { 0.0 } else { x as f32 * (x as f32).ln() })
            .collect();
        let value = |x: i32| -> f32 {
            match table.get(x as usize) {
                Some(value) => *value,
                None => x as f32 * (x as f32).ln(),
            }
        };
        let mut counts = Counts {
            wide,
            forth: vec![0; wide * wide],
            back: vec![0; wide * wide],
            sizes: vec![0; wide],
        };
        for (word, near) in self.pairs.iter().enumerate() {
            let own = usize::from(class[word]);
            counts.sizes[own] += near.count as i32;
            for (other, pairs) in &near.after {
                let other = usize::from(class[*other as usize]);
                counts.forth[own * wide + other] += *pairs as i32;
                counts.back[other * wide + own] += *pairs as i32;
            }
        }
        let mut after: Vec<(usize, i32)> = Vec::new();
        let mut before: Vec<(usize, i32)> = Vec::new();
        let gather = |list: &[(u32, u32)], class: &[u16], out: &mut Vec<(usize, i32)>| {
            out.clear();
            out.extend(list.iter().map(|(w, n)| (usize::from(class[*w as usize]), *n as i32)));
            out.sort_unstable();
            out.dedup_by(|next, kept| {
                let same = next.0 == kept.0;
                if same {
                    kept.1 += next.1;
                }
                same
            });
        };
        for _ in 0..passes {
            let mut moved = 0;
            for word in 1..count {
                let near = &self.pairs[word];
                let own = usize::from(class[word]);
                gather(&near.after, &class, &mut after);
                gather(&near.before, &class, &mut before);
                counts.shift(own, near.count, &after, &before, -1);
                let mut best = (f32::MIN, own);
                for candidate in 1..wide {
                    let size = counts.sizes[candidate];
                    let mut gain = 2.0 * (value(size) - value(size + near.count as i32));
                    let forth = &counts.forth[candidate * wide..][..wide];
                    let back = &counts.back[candidate * wide..][..wide];
                    for (other, pairs) in &after {
                        gain += value(forth[*other] + pairs) - value(forth[*other]);
                    }
                    for (other, pairs) in &before {
                        gain += value(back[*other] + pairs) - value(back[*other]);
                    }
                    if gain > best.0 {
                        best = (gain, candidate);
                    }
                }
                counts.shift(best.1, near.count, &after, &before, 1);
                if best.1 != own {
                    class[word] = best.1 as u16;
                    moved += 1;
                }
            }
            if moved * 200 < count {
                break;
            }
        }
        class
    }
}

/// How often classes follow each other: `forth[a][b]` counts class b after class a, `back` is its
/// transpose.
struct Counts {
    wide: usize,
    forth: Vec<i32>,
    back: Vec<i32>,
    sizes: Vec<i32>,
}

impl Counts {
    /// Adds a word to a class, or takes it out.
    fn shift(
        &mut self,
        class: usize,
        count: u32,
        after: &[(usize, i32)],
        before: &[(usize, i32)],
        sign: i32,
    ) {
        let wide = self.wide;
        self.sizes[class] += sign * count as i32;
        for (other, pairs) in after {
            self.forth[class * wide + other] += sign * pairs;
            self.back[other * wide + class] += sign * pairs;
        }
        for (other, pairs) in before {
            self.forth[other * wide + class] += sign * pairs;
            self.back[class * wide + other] += sign * pairs;
        }
    }
}
