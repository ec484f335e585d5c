import math

def reward_function(params):
    def dist_2_points(x1, x2, y1, y2):
        return abs(abs(x1 - x2)**2 + abs(y1 - y2)**2)**0.5

    def closest_2_racing_points_index(racing_coords, car_coords):
        distances = []
        for i in range(len(racing_coords)):
            distance = dist_2_points(x1=racing_coords[i][0], x2=car_coords[0],
                                     y1=racing_coords[i][1], y2=car_coords[1])
            distances.append(distance)
        closest_index = distances.index(min(distances))
        distances_no_closest = distances.copy()
        distances_no_closest[closest_index] = 999
        second_closest_index = distances_no_closest.index(min(distances_no_closest))
        return [closest_index, second_closest_index]

    def dist_to_racing_line(closest_coords, second_closest_coords, car_coords):
        a = abs(dist_2_points(x1=closest_coords[0], x2=second_closest_coords[0],
                              y1=closest_coords[1], y2=second_closest_coords[1]))
        b = abs(dist_2_points(x1=car_coords[0], x2=closest_coords[0],
                              y1=car_coords[1], y2=closest_coords[1]))
        c = abs(dist_2_points(x1=car_coords[0], x2=second_closest_coords[0],
                              y1=car_coords[1], y2=second_closest_coords[1]))
        try:
            distance = abs(-(a**4) + 2*(a**2)*(b**2) + 2*(a**2)*(c**2)
                           - (b**4) + 2*(b**2)*(c**2) - (c**4))**0.5 / (2*a)
        except:
            distance = b
        return distance

    racing_track = [[4.8, 0.0, 3.5, 0.05], [4.6, 0.9, 3.2, 0.06], [3.9, 1.8, 3, 0.07],
                    [2.6, 2.5, 3, 0.071], [1.1, 2.85, 4, 0.062], [-0.5, 2.9, 4, 0.055],
                    [-2.4, 2.6, 3, 0.06], [-4.0, 1.75, 2.5, 0.08], [-4.85, 0.3, 2, 0.09],
                    [-4.5, -1.2, 2.5, 0.085], [-2.9, -2.4, 3.5, 0.07], [0.2, -2.9, 4, 0.06],
                    [2.9, -2.4, 3.5, 0.065], [4.5, -1.1, 3, 0.07]]
    x, y = params['x'], params['y']
    closest_index, second_closest_index = closest_2_racing_points_index(racing_track, [x, y])
    optimals = racing_track[closest_index]
    optimals_second = racing_track[second_closest_index]
    reward = 1
    dist = dist_to_racing_line(optimals[0:2], optimals_second[0:2], [x, y])
    distance_reward = max(1e-3, 1 - (dist / (params['track_width'] * 0.5)))
    reward += distance_reward * 1
    speed_diff = abs(optimals[2] - params['speed'])
    if speed_diff <= 2:
        speed_reward = (1 - (speed_diff / 2)**2)**2
    else:
        speed_reward = 0
    reward += speed_reward * 2
    if params['is_offtrack'] == True:
        reward = 1e-3
    return float(reward)
