// SPDX-License-Identifier: Apache-2.0
#pragma once

// Printed by goldens.py with PyTorch 2.13.0.
#include <vector>

namespace maskmill::learn::goldens {

inline const std::vector<double> seed7_encoder1_enc1conv1_weight{
    0.0134416921, 0.0358847082,  -0.157278761, 0.18155171,  -0.143277422, -0.16433239,
    -0.102710426, -0.0840495601, 0.0869520903, 0.135203257, 0.0938127786, 0.0851927772};
inline const std::vector<double> seed7_bottleneck_bottleneckconv2_weight{
    -0.0242428295, 0.0252679549,   0.033018887,  0.0120193213,  0.00112313032, -0.0080013033,
    0.0132703688,  -0.00947336853, 0.0247186478, -0.0185755547, 0.0297545306,  -0.0415118709};
inline const std::vector<double> seed7_upconv2_weight{
    -0.153680772, -0.072478272, 0.130096629,   0.000378099357, -0.10284996,  0.148747653,
    0.0924009159, 0.0341760367, -0.0840576515, -0.0948037952,  0.0100841606, -0.0254029166};
inline const std::vector<double> seed7_upconv2_bias{-0.0345435999, 0.0868017673, -0.027051365, 0.162630379,
                                                    -0.0124341631, 0.0242276099, 0.0361409001, -0.147378758,
                                                    -0.0345435999, 0.0868017673, -0.027051365, 0.162630379};
inline const std::vector<double> seed7_conv_weight{0.228975892,  -0.278742373,  -0.34335959,  -0.410002947,
                                                   -0.214102745, 0.263247907,   0.27629596,   0.379936814,
                                                   -0.393069088, -0.0296794176, -0.258349776, 0.311780334};
inline const std::vector<double> seed7_conv_bias{0.31823957,  0.402994394, 0.41839385,  0.31823957,
                                                 0.402994394, 0.41839385,  0.31823957,  0.402994394,
                                                 0.41839385,  0.31823957,  0.402994394, 0.41839385};
inline const std::vector<double> eval_scores{-0.00304844091, 0.00708811078,  0.18678765,   2.37839079,
                                             -0.00183953065, 0.785984457,    0.232277706,  -0.941736877,
                                             1.12645638,     -0.00183953065, 0.0198596939, 0.0832498074};
inline const std::vector<double> eval_ce_and_gradient_norm{1.40655029, 4.50853491};
inline const std::vector<double> eval_bce_and_gradient_norm{0.904283404, 3.07591486};
inline const std::vector<double> eval_dice_and_gradient_norm{0.680937052, 0.22073853};
inline const std::vector<double> eval_bce_dice_and_gradient_norm{1.49891293, 2.98846126};
inline const std::vector<double> eval_half_ce_two_dice_and_gradient_norm{2.06514931, 2.60528851};
inline const std::vector<double> train_scores{-1.09771585,   -0.329982549,  -1.0499506,   0.702034771,
                                              0.169715062,   0.617985368,   0.133867145,  0.574421644,
                                              -0.0596772432, -0.0129820919, 0.0940937251, -0.0574572086};
inline const std::vector<double> one_cycle_rate_and_momentum{
    0.0004,        0.95,          0.0052,        0.9,           0.01,        0.85,          0.00950484632,
    0.854951557,   0.00811745654, 0.86882551,    0.00611262022, 0.888873953, 0.00388741978, 0.911126047,
    0.00188258346, 0.93117449,    0.00049519368, 0.945048443,   4e-08,       0.95};
inline const std::vector<double> trained_conv_weight{0.404211521, -0.789432168, -0.628999114, 0.0228226297,
                                                     1.15775383,  -0.822081923, -1.14825702,  0.737013519,
                                                     0.858723998, -0.877280354, -0.335753143, -0.671966076};
inline const std::vector<double> trained_enc1conv1_weight{
    0.449547052, -0.334536165, 0.29738155,   0.199370727, 0.237600312,  0.120885693,
    0.19664067,  0.220247224,  -0.028347211, 0.274604917, -0.122398742, 0.31002593};
inline const std::vector<double> trained_running_mean{-0.144512191, -0.103948787, -0.411186635, -0.138081938,
                                                      -0.144512191, -0.103948787, -0.411186635, -0.138081938,
                                                      -0.144512191, -0.103948787, -0.411186635, -0.138081938};
inline const std::vector<double> trained_batches{3};

}  // namespace maskmill::learn::goldens
