#include "vision/detail/vehicle.h"

namespace scones::vision::detail {
namespace {

struct Build {
  float wheel;
  float tyre;
  float seat_y;
  Point head;
};

void DrawWheel(Placement& place, Random& random, Point hub, const Build& build) {
  const Color rubber = DarkColor(random);
  if (random.Chance(0.5f))
    place.Disc(hub, build.wheel, {0.3f, 0.3f, 0.32f, random.Uniform(0.3f, 0.9f)});
  place.Ring(hub, build.wheel - build.tyre / 2, build.tyre, rubber);
  const float light = random.Uniform(0.35f, 0.85f);
  place.Ring(hub, build.wheel - build.tyre, 0.03f, {light, light, light, 0.9f});
  place.Disc(hub, random.Uniform(0.05f, 0.11f), {light, light, light, 0.9f});
}

void DrawEngine(Placement& place, Random& random, const Build& build) {
  const float light = random.Uniform(0.15f, 0.6f);
  const Color block = {light, light, light * 1.02f, 1};
  const Point body[] = {{-0.25f, build.seat_y + 0.18f},
                        {0.2f, build.seat_y + 0.16f},
                        {0.25f, 0.02f},
                        {0.1f, 0.16f},
                        {-0.2f, 0.16f},
                        {-0.3f, 0}};
  place.Fill(body, block);
  const int fins = 1 + random.Below(4);
  for (int i = 0; i < fins; ++i) {
    const float y = build.seat_y + 0.22f + 0.05f * static_cast<float>(i);
    place.Line({-0.08f, y}, {0.14f, y - 0.02f}, 0.02f,
               {light + 0.25f, light + 0.25f, light + 0.25f, 0.9f});
  }
  place.Disc({-0.02f, 0.06f}, random.Uniform(0.07f, 0.11f),
             {light + 0.15f, light + 0.15f, light + 0.15f, 1});
  const float shine = random.Uniform(0.45f, 0.9f);
  const Point pipe[] = {{0.18f, -0.1f},
                        {0.16f, 0.12f},
                        {-0.15f, 0.16f},
                        {random.Uniform(-0.85f, -0.55f), random.Uniform(-0.12f, 0.12f)}};
  place.Path(pipe, random.Uniform(0.05f, 0.1f), {shine, shine, shine, 1});
}

void DrawBody(Placement& place, Random& random, const Build& build, Color paint) {
  const float y = build.seat_y;
  const Point seat[] = {{-0.62f, y - random.Uniform(0, 0.1f)},
                        {-0.35f, y - 0.05f},
                        {-0.05f, y + 0.02f},
                        {-0.02f, y + 0.09f},
                        {-0.5f, y + 0.08f}};
  place.Fill(seat, DarkColor(random));
  const Point tail[] = {{-0.72f, y}, {-0.3f, y + 0.05f}, {-0.2f, y + 0.2f}, {-0.5f, y + 0.14f}};
  place.Fill(tail, paint);
  place.Ellipse({0.12f, y + 0.01f}, random.Uniform(0.18f, 0.25f), random.Uniform(0.09f, 0.14f),
                random.Uniform(-0.25f, 0.15f), paint);
  const Point guard[] = {{0.5f - build.wheel * 0.8f, -build.wheel * 0.75f},
                         {0.5f, -build.wheel * 1.1f},
                         {0.5f + build.wheel * 0.7f, -build.wheel * 0.85f}};
  place.Path(guard, random.Uniform(0.03f, 0.08f), paint);
  if (random.Chance(0.35f)) {  // a sports bike's fairing
    const Point fairing[] = {{build.head.x - 0.12f, y + 0.02f},
                             {build.head.x + 0.08f, build.head.y - 0.06f},
                             {build.head.x + 0.18f, build.head.y + 0.12f},
                             {0.3f, 0.02f},
                             {0.02f, 0.1f}};
    place.Fill(fairing, paint);
  }
  if (random.Chance(0.25f)) {  // bags
    place.Ellipse({-0.55f, y + 0.2f}, 0.17f, 0.12f, 0,
                  random.Chance(0.5f) ? paint : DarkColor(random));
  }
}

Point DrawFront(Placement& place, Random& random, const Build& build) {
  const float shine = random.Uniform(0.3f, 0.85f);
  const Color metal = {shine, shine, shine, 1};
  place.Line(build.head, {0.5f, 0}, random.Uniform(0.05f, 0.085f), metal);
  const Point grip = {build.head.x - random.Uniform(0.08f, 0.22f),
                      build.head.y - random.Uniform(0.02f, 0.2f)};
  place.Line(build.head, grip, random.Uniform(0.03f, 0.05f), DarkColor(random));
  const Point lamp = {build.head.x + 0.08f, build.head.y + 0.06f};
  place.Disc(lamp, random.Uniform(0.06f, 0.1f), metal);
  place.Disc({lamp.x + 0.02f, lamp.y}, 0.05f, {0.95f, 0.95f, 0.85f, 1});
  if (random.Chance(0.25f)) {
    place.Line({build.head.x + 0.06f, build.head.y}, {build.head.x - 0.03f, build.head.y - 0.22f},
               0.03f, {0.8f, 0.85f, 0.9f, 0.6f});
  }
  return grip;
}

}  // namespace

void DrawMotorcycle(Placement& place, Random& random) {
  Build build;
  build.wheel = random.Uniform(0.23f, 0.32f);
  build.tyre = random.Chance(0.25f) ? random.Uniform(0.05f, 0.08f) : random.Uniform(0.08f, 0.13f);
  build.seat_y = random.Uniform(-0.4f, -0.28f);
  build.head = {random.Uniform(0.26f, 0.36f), build.seat_y - random.Uniform(0.05f, 0.18f)};
  const Color paint = RandomColor(random);
  DrawWheel(place, random, {-0.5f, 0}, build);
  DrawWheel(place, random, {0.5f, 0}, build);
  const bool bare = random.Chance(0.15f);  // a trail bike: more air between the parts
  place.Line({-0.5f, 0}, {-0.1f, 0.05f}, 0.05f, DarkColor(random));
  place.Line({-0.45f, 0}, {-0.3f, build.seat_y + 0.1f}, 0.045f, DarkColor(random));
  if (!bare || random.Chance(0.5f)) DrawEngine(place, random, build);
  place.Line({0.2f, 0.05f}, build.head, 0.05f, paint);
  DrawBody(place, random, build, paint);
  const Point hands = DrawFront(place, random, build);
  if (random.Chance(0.25f)) DrawRider(place, random, {-0.25f, build.seat_y - 0.04f}, hands);
}

}  // namespace scones::vision::detail
