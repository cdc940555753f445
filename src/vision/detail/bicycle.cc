#include "vision/detail/vehicle.h"

namespace scones::vision::detail {
namespace {

struct Build {
  float wheel;  // radius
  float tyre;   // width
  float tube;   // width
  Point bottom_bracket;
  Point seat_top;
  Point head_top;
  Point head_bottom;
};

void DrawWheel(Placement& place, Random& random, Point hub, const Build& build, Color tyre) {
  place.Ring(hub, build.wheel, build.tyre, tyre);
  const float light = random.Uniform(0.4f, 0.85f);
  place.Ring(hub, build.wheel - build.tyre, build.tyre * 0.5f, {light, light, light, 0.6f});
  const int spokes = random.Below(3) == 0 ? 0 : 5 + random.Below(6);
  const float start = random.Uniform(0, 1);
  for (int i = 0; i < spokes; ++i) {
    const float angle = start + 6.2831853f * static_cast<float>(i) / static_cast<float>(spokes);
    place.Line(hub, {hub.x + build.wheel * std::cos(angle), hub.y + build.wheel * std::sin(angle)},
               0.01f, {light, light, light, 0.5f});
  }
  place.Disc(hub, 0.03f, tyre);
}

void DrawFrame(Placement& place, Random& random, const Build& build, Color paint) {
  const Point rear = {-0.5f, 0};
  const Point front = {0.5f, 0};
  const Point joint = {build.seat_top.x + 0.02f, build.seat_top.y + 0.1f};
  place.Line(rear, build.bottom_bracket, build.tube, paint);
  place.Line(rear, joint, build.tube * 0.8f, paint);
  place.Line(build.bottom_bracket, build.seat_top, build.tube, paint);
  place.Line(build.bottom_bracket, build.head_bottom, build.tube, paint);
  const bool step_through = random.Chance(0.25f);
  const Point top_from = step_through ? Point{build.bottom_bracket.x - 0.04f, -0.16f} : joint;
  place.Line(top_from, build.head_top, build.tube, paint);
  const Point fork[] = {build.head_top, build.head_bottom, front};
  place.Path(fork, build.tube, random.Chance(0.7f) ? paint : DarkColor(random));
}

Point DrawHandlebar(Placement& place, Random& random, const Build& build, Color metal) {
  const Point stem = {build.head_top.x - 0.01f, build.head_top.y - random.Uniform(0.03f, 0.1f)};
  place.Line(build.head_top, stem, build.tube, metal);
  if (random.Chance(0.35f)) {  // dropped
    const Point bar[] = {stem,
                         {stem.x + 0.13f, stem.y + 0.01f},
                         {stem.x + 0.15f, stem.y + 0.08f},
                         {stem.x + 0.06f, stem.y + 0.13f}};
    place.Path(bar, build.tube, metal);
    return bar[1];
  }
  const Point grip = {stem.x - random.Uniform(0.02f, 0.15f), stem.y - random.Uniform(0, 0.06f)};
  const Point bar[] = {{stem.x + 0.05f, stem.y}, stem, grip};
  place.Path(bar, build.tube, metal);
  return grip;
}

void DrawExtras(Placement& place, Random& random, const Build& build, Color paint) {
  if (random.Chance(0.3f)) {  // a mudguard
    const Point guard[] = {{-0.5f - build.wheel, -0.1f},
                           {-0.5f - build.wheel * 0.7f, -build.wheel * 0.8f},
                           {-0.5f, -build.wheel * 1.12f},
                           {-0.3f, -build.wheel * 0.95f}};
    place.Path(guard, 0.025f, paint);
  }
  if (random.Chance(0.2f)) {  // a carrier
    place.Line({-0.72f, -build.wheel - 0.06f}, {-0.3f, -build.wheel - 0.06f}, 0.02f,
               DarkColor(random));
  }
  if (random.Chance(0.15f)) {  // a basket
    const float top = build.head_top.y - 0.02f;
    const Point basket[] = {{0.36f, top}, {0.62f, top}, {0.57f, top + 0.18f}, {0.41f, top + 0.18f}};
    place.Fill(basket, {0.55f, 0.4f, 0.25f, 0.9f});
  }
}

}  // namespace

void DrawBicycle(Placement& place, Random& random) {
  Build build;
  build.wheel = random.Uniform(0.27f, 0.36f);
  build.tyre = random.Chance(0.2f) ? random.Uniform(0.05f, 0.075f) : random.Uniform(0.02f, 0.045f);
  build.tube = random.Chance(0.15f) ? random.Uniform(0.045f, 0.07f) : random.Uniform(0.02f, 0.045f);
  build.bottom_bracket = {random.Uniform(-0.12f, -0.02f), random.Uniform(-0.02f, 0.06f)};
  build.seat_top = {build.bottom_bracket.x - random.Uniform(0.1f, 0.2f),
                    random.Uniform(-0.58f, -0.4f)};
  build.head_top = {random.Uniform(0.28f, 0.36f), random.Uniform(-0.58f, -0.42f)};
  build.head_bottom = {build.head_top.x + 0.03f, build.head_top.y + random.Uniform(0.08f, 0.16f)};
  const Color paint = RandomColor(random);
  const Color dark = DarkColor(random);
  const Color metal = random.Chance(0.5f) ? dark : Color{0.7f, 0.7f, 0.72f, 1};
  DrawWheel(place, random, {-0.5f, 0}, build, dark);
  DrawWheel(place, random, {0.5f, 0}, build, dark);
  DrawExtras(place, random, build, paint);
  DrawFrame(place, random, build, paint);
  const Point hands = DrawHandlebar(place, random, build, metal);
  const float saddle = build.seat_top.y - 0.02f;
  place.Line({build.seat_top.x - 0.09f, saddle}, {build.seat_top.x + 0.08f, saddle + 0.01f},
             random.Uniform(0.03f, 0.06f), dark);
  place.Ring(build.bottom_bracket, random.Uniform(0.05f, 0.08f), 0.02f, metal);
  const float crank = random.Uniform(0, 6.28f);
  const Point pedal = {0.12f * std::cos(crank), 0.12f * std::sin(crank)};
  place.Line({build.bottom_bracket.x - pedal.x, build.bottom_bracket.y - pedal.y},
             {build.bottom_bracket.x + pedal.x, build.bottom_bracket.y + pedal.y}, 0.02f, dark);
  if (random.Chance(0.18f)) DrawRider(place, random, build.seat_top, hands);
}

}  // namespace scones::vision::detail
