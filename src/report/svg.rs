//! Curves over time as SVG: plain shapes and text, that any browser shows.
#![forbid(unsafe_code)]

use std::fmt::Write as _;

const WIDTH: f64 = 800.0;
/// The height of one panel, with its title.
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 90.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 26.0;
const COLOURS: [&str; 4] = ["#d95f02", "#1b6ca8", "#444444", "#7570b3"];

/// One curve: times and values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// What it is.
    pub name: String,
    /// Time and value; not empty.
    pub points: Vec<(f64, f64)>,
    /// By how much each value may be wrong on both sides; empty where that is not shown.
    pub bounds: Vec<f64>,
}

/// Curves that share their axes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Panel {
    /// What the values are, with their unit.
    pub title: String,
    /// At most four.
    pub curves: Vec<Curve>,
}

/// Panels one below the other, over the same time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// From above.
    pub panels: Vec<Panel>,
    /// What happened, and when.
    pub events: Vec<(f64, String)>,
    /// What the times are counted in.
    pub time: String,
}

impl Picture {
    /// The picture as text.
    pub fn render(&self) -> String {
        let all = || self.panels.iter().flat_map(|panel| &panel.curves);
        let times = range(all().flat_map(|curve| &curve.points).map(|(time, _)| *time));
        let height = HEIGHT * self.panels.len() as f64 + 20.0;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
             font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
        );
        for (place, panel) in self.panels.iter().enumerate() {
            self.draw(&mut svg, panel, times, HEIGHT * place as f64);
        }
        let (x, y) = (WIDTH - RIGHT, height - 8.0);
        // Writing to a string cannot fail.
        let _ = writeln!(svg, "<text x=\"{x}\" y=\"{y}\" text-anchor=\"end\">{}</text>\n</svg>", escaped(&self.time));
        svg
    }

    fn draw(&self, svg: &mut String, panel: &Panel, times: (f64, f64), top: f64) {
        let reach = |curve: &Curve| {
            let bound = |place: usize| curve.bounds.get(place).copied().unwrap_or_default();
            let ends = curve.points.iter().enumerate().map(|(place, (_, y))| [y - bound(place), y + bound(place)]);
            ends.flatten().collect::<Vec<_>>()
        };
        let values = range(panel.curves.iter().flat_map(reach));
        let frame = Frame { times, values, top };
        let title = top + 16.0;
        svg.push_str(&format!(
            "<text x=\"{LEFT}\" y=\"{title:.0}\" font-weight=\"bold\">{}</text>\n",
            escaped(&panel.title)
        ));
        frame.draw_axes(svg);
        for (time, what) in &self.events {
            frame.draw_event(svg, *time, what);
        }
        for (place, curve) in panel.curves.iter().enumerate() {
            let colour = COLOURS[place % COLOURS.len()];
            frame.draw_curve(svg, curve, colour);
            let (at, beside) = (WIDTH - RIGHT - 190.0 * (panel.curves.len() - place) as f64, title);
            let name = escaped(&curve.name);
            svg.push_str(&format!("<text x=\"{at:.0}\" y=\"{beside:.0}\" fill=\"{colour}\">{name}</text>\n"));
        }
    }
}

/// The part of the picture that a panel has, and what it shows there.
struct Frame {
    /// The earliest and the latest time.
    times: (f64, f64),
    /// The least and the greatest value.
    values: (f64, f64),
    /// The upper edge.
    top: f64,
}

impl Frame {
    fn x(&self, time: f64) -> f64 {
        LEFT + (time - self.times.0) / (self.times.1 - self.times.0) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        self.bottom() - (value - self.values.0) / (self.values.1 - self.values.0) * (HEIGHT - TOP - BOTTOM)
    }

    fn bottom(&self) -> f64 {
        self.top + HEIGHT - BOTTOM
    }

    /// Lines and numbers for round values, numbers for round times.
    fn draw_axes(&self, svg: &mut String) {
        for value in ticks(self.values) {
            let at = self.y(value);
            svg.push_str(&format!("<path d=\"M{LEFT} {at:.1}H{:.1}\" stroke=\"#dddddd\"/>\n", WIDTH - RIGHT));
            svg.push_str(&format!(
                "<text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\n",
                LEFT - 6.0,
                at + 4.0,
                number(value)
            ));
        }
        for time in ticks(self.times) {
            let (at, below, number) = (self.x(time), self.bottom() + 15.0, number(time));
            svg.push_str(&format!("<text x=\"{at:.1}\" y=\"{below:.1}\" text-anchor=\"middle\">{number}</text>\n"));
        }
    }

    fn draw_event(&self, svg: &mut String, time: f64, what: &str) {
        let (at, high, bottom) = (self.x(time), self.top + TOP, self.bottom());
        svg.push_str(&format!(
            "<path d=\"M{at:.1} {high:.1}V{bottom:.1}\" stroke=\"#c00000\" stroke-dasharray=\"4 3\"/>\n"
        ));
        svg.push_str(&format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"#c00000\">{}</text>\n",
            at + 3.0,
            high + 10.0,
            escaped(what)
        ));
    }

    /// The bounds of all points, and the line through them.
    fn draw_curve(&self, svg: &mut String, curve: &Curve, colour: &str) {
        for ((time, value), bound) in curve.points.iter().zip(&curve.bounds) {
            let (at, low, high) = (self.x(*time), self.y(value - bound), self.y(value + bound));
            svg.push_str(&format!("<path d=\"M{at:.1} {low:.1}V{high:.1}\" stroke=\"{colour}\" opacity=\"0.4\"/>\n"));
        }
        let point = |(time, value): &(f64, f64)| format!("{:.1} {:.1}", self.x(*time), self.y(*value));
        let path = curve.points.iter().map(point).collect::<Vec<_>>().join("L");
        svg.push_str(&format!("<path d=\"M{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.4\"/>\n"));
    }
}

/// From the least to the greatest, never nothing.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let ends = values.filter(|value| value.is_finite());
    let (low, high) =
        ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if low > high {
        (0.0, 1.0)
    } else if high - low < 1e-9 {
        (low - 0.5, high + 0.5)
    } else {
        (low, high)
    }
}

/// Some round numbers between two others.
fn ticks((low, high): (f64, f64)) -> Vec<f64> {
    let rough = (high - low) / 5.0;
    let power = libm::exp10(libm::log10(rough).floor());
    let step =
        [1.0, 2.0, 5.0, 10.0].into_iter().map(|digit| digit * power).find(|step| *step >= rough).unwrap_or(rough);
    let first = (low / step).ceil() * step;
    (0..8).map(|number| first + f64::from(number) * step).take_while(|value| *value <= high).collect()
}

/// Without digits that say nothing.
fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_it_shows_it_is_one_balanced_text() {
        let curve = |points: &[(f64, f64)]| Curve { name: "a<b>&".into(), points: points.to_vec(), bounds: vec![1.0] };
        for points in [&[(0.0, 0.0)][..], &[(0.0, 5.0), (1.0, 5.0)], &[(0.0, -1e9), (1e9, 1e9)], &[(3.0, f64::NAN)]] {
            let panel = Panel { title: "offset".into(), curves: vec![curve(points)] };
            let picture =
                Picture { panels: vec![panel.clone(), panel], events: vec![(0.0, "x".into())], time: "h".into() };
            let svg = picture.render();
            assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n") && svg.contains("a&lt;b&gt;&amp;"), "{svg}");
            assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
        }
    }

    #[test]
    fn ticks_are_round_and_within() {
        assert_eq!(ticks((0.0, 10.0)), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(ticks((-3.0, 4.0)), [-2.0, 0.0, 2.0, 4.0]);
        assert_eq!([0.25, 2.0, -0.0001].map(number), ["0.25", "2", "0"]);
    }
}
